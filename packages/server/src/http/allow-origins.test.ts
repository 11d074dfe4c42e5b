/** Pages of other origins: which may read answers, and what of them. */
import { describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";

const APP = "https://app.example.org";

function send(allowedOrigins: readonly string[], path: string, init: RequestInit): Promise<Response> {
  const services = createStandInServices(createCredentialsScene(), "session-1");
  return Promise.resolve(createApp({ ...services, allowedOrigins }).request(path, init, {}));
}

const ask = (origin: string, key = CONFIGURED_KEY): RequestInit => ({
  method: "POST",
  headers: { origin, "x-api-key": key, "content-type": "application/json" },
  body: JSON.stringify({ question: "Who?" }),
});

const preflight = (origin: string): RequestInit => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key,content-type" },
});

describe("a page of an allowed origin", () => {
  it.each(["/chat", "/trpc/chat.ask"])("may ask %s, with its own headers", async (path) => {
    const asked = await send([APP], path, preflight(APP));
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(APP);
    expect(asked.headers.get("access-control-allow-headers")).toBe("x-api-key,content-type");
    const answered = await send([APP], path, ask(APP));
    expect(answered.status).toBe(200);
    expect(answered.headers.get("access-control-allow-origin")).toBe(APP);
    expect(answered.headers.get("access-control-expose-headers")).toContain("x-request-id");
    expect(answered.headers.get("vary")?.toLowerCase()).toContain("origin");
  });

  it.each(["/chat", "/trpc/chat.ask"])("may read why %s refused it", async (path) => {
    const refused = await send([APP], path, ask(APP, "wrong"));
    expect(refused.status).toBe(401);
    expect(refused.headers.get("access-control-allow-origin")).toBe(APP);
  });
});

describe("a page of another origin", () => {
  it.each([
    ["where some are allowed", [APP]],
    ["where none is", []],
  ])("is allowed nothing %s", async (_, allowed) => {
    for (const init of [preflight("https://evil.example"), ask("https://evil.example")]) {
      const { headers } = await send(allowed, "/chat", init);
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("access-control-allow-credentials")).toBeNull();
    }
  });
});

it("changes nothing for who is no page", async () => {
  const init = { method: "POST", headers: { "x-api-key": CONFIGURED_KEY, "content-type": "application/json" }, body: '{"question":"Who?"}' };
  const { headers } = await send([APP], "/chat", init);
  expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});
