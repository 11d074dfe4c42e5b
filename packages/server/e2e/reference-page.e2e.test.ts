/** The reference in a real browser: it shows every operation, sends requests with credentials, and asks nobody else for anything. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { startChromium } from "../test-support/chromium.ts";
import { createOpenApiContract } from "../test-support/openapi-contract.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

/** The browser may have to be installed first. */
const BROWSER_TIMEOUT_MS = 600_000;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;
let browser: Browser;
let page: Page;
const asked: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  folder = await temporaryDirectory();
  server = await startServer({ DATA_DIR: folder.path });
  api = await connectApi(server);
  browser = await startChromium();
  page = await browser.newPage();
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${server.address}/docs`);
  await page.locator(".opblock").first().waitFor();
}, BROWSER_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

async function authorise(scheme: "apiKey" | "accessToken", credential: string): Promise<void> {
  await page.locator(".auth-wrapper .authorize").first().click();
  const form = page.locator(".auth-container", { hasText: scheme });
  await form.locator("input").fill(credential);
  await form.locator("button[type=submit]").click();
  await page.locator(".close-modal").click();
}

/** Opens an operation, sends its example as it stands, and gives the status that the page shows. */
async function tryOut(operationId: string): Promise<string> {
  const operation = page.locator(`[id$="-${operationId}"]`);
  await operation.locator(".opblock-summary-control").click();
  await operation.locator("button.execute").click();
  return (await operation.locator(".live-responses-table tbody .response-col_status").first().textContent()) ?? "";
}

describe("the reference page", () => {
  it("shows every operation of the document", async () => {
    const { body } = await api.stranger("GET", "/openapi.json");
    expect(await page.locator(".opblock").count()).toBe(createOpenApiContract(body).operations.length);
  });

  it("sends the examples with the credentials that were entered", async () => {
    expect(await tryOut("search")).toContain("401");
    await authorise("apiKey", api.apiKey);
    expect(await tryOut("ask")).toContain("200");
    const token = await api.stranger("POST", "/auth/token", {
      rawBody: new URLSearchParams({ username: "admin", password: api.adminPassword }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    await authorise("accessToken", token.body.access_token);
    expect(await tryOut("getStatistics")).toContain("200");
  });

  it("asked its own server alone, and nothing that it did was refused", () => {
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((url) => !url.startsWith(`${server.address}/`) && !url.startsWith("data:"))).toEqual([]);
    expect(complaints.filter((text) => !text.includes("401 (Unauthorized)"))).toEqual([]);
  });
});
