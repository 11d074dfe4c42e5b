/** The packed package in the runtimes it is made for, against a running server. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../test-support/gateway.ts";
import { type InstalledPackage, installPackage, readmeExample } from "../test-support/installed-package.ts";
import { type LiveServer, startLiveServer } from "../test-support/live-server.ts";
import { commandOf, type RuntimeName, withPage } from "../test-support/runtimes.ts";
import { EXPECTED, type Surroundings } from "./scenario.ts";

let server: LiveServer;
let gateway: Gateway;
let installed: InstalledPackage;

const surroundings = (run: string, address: string): Surroundings => ({
  addresses: { server: address, busy: gateway.busy, away: gateway.away },
  apiKey: server.apiKey,
  password: server.adminPassword,
  run,
});

/** The README's example and the scenario, one after the other. */
const program = (run: string, address = gateway.server): string => `
import * as sdk from "@rag-personal/client";
import { readme } from "./readme.js";
import { runScenario } from "./scenario.js";

export async function run() {
  const lines = [];
  const { log } = console;
  console.log = (...parts) => lines.push(parts.join(" "));
  await readme();
  console.log = log;
  return { readme: lines, scenario: await runScenario(sdk, ${JSON.stringify(surroundings(run, address))}) };
}
`;

const told = (error: string): string => `(${error}) => ({ failure: String(${error}) + " " + ${error}.stack + " " + String(${error}.cause) })`;

function expectSuccess(report: unknown): void {
  expect(report).toEqual({ readme: expect.any(Array), scenario: EXPECTED });
  const lines = typeof report === "object" && report !== null ? Reflect.get(report, "readme") : [];
  expect(lines.join("\n")).toContain("people/lund.md");
}

beforeAll(async () => {
  gateway = await startGateway(() => server.address);
  [server, installed] = await Promise.all([startLiveServer({ CORS_ORIGINS: gateway.origin }), installPackage()]);
  const source = await readmeExample((text) =>
    text
      .replaceAll("http://127.0.0.1:8000", gateway.server)
      .replaceAll("example-key", server.apiKey)
      .replaceAll("How long is the warranty?", "Who built the tower?"),
  );
  await writeFile(join(installed.folder, "readme.ts"), source);
  const scenario = await readFile(join(import.meta.dirname, "scenario.ts"), "utf8");
  await writeFile(join(installed.folder, "scenario.ts"), scenario.replace("../src/index.ts", "@rag-personal/client"));
});

afterAll(async () => {
  await installed?.remove();
  await gateway?.close();
  await server?.close();
});

describe("a program that uses the packed package", () => {
  it.each(["bundler", "node16"] as const)("compiles with moduleResolution %s", async (resolution) => {
    await installed.compile(resolution, "readme.ts", "scenario.ts");
  });

  it.each<RuntimeName>(["Node 20", "Node 22", "Node 24", "Deno", "Bun"])("runs in %s", async (runtime) => {
    const name = runtime.replace(" ", "-").toLowerCase();
    await writeFile(join(installed.folder, `${name}.js`), `${program(name)}\nconsole.log(JSON.stringify(await run()));`);
    const [command, ...args] = await commandOf(runtime);
    expectSuccess(JSON.parse(await installed.run(command, ...args, `${name}.js`)));
  });

  it("runs in workerd", async () => {
    const script = await installed.bundle(`
      ${program("workerd")}
      export default { fetch: async () => Response.json(await run().catch(${told("error")})) };
    `);
    const worker = new Miniflare({ modules: true, script, compatibilityDate: "2026-01-01" });
    try {
      const response = await worker.dispatchFetch("http://worker.test/");
      expectSuccess(await response.json());
    } finally {
      await worker.dispose();
    }
  });

  it("runs in a page of Chromium, which asks a server of its own origin and one of another", async () => {
    const script = await installed.bundle(`
      ${program("chromium", server.address)}
      const report = await run().catch(${told("error")});
      await fetch("/report", { method: "POST", body: JSON.stringify(report) });
    `);
    const reported = gateway.page(script);
    expectSuccess(await withPage(`${gateway.origin}/`, () => reported));
  });
});
