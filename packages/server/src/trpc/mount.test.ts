/** The router over HTTP: a plain call, a batch and a stream, and what is refused before any of them. */
import { RagError } from "@rag-personal/core";
import { beforeAll, describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import type { AppServices } from "../services.ts";

const SESSION = "00000000-0000-4000-8000-00000000000a";
const CREDENTIALS = { "x-api-key": CONFIGURED_KEY, "x-request-id": "request-1" };

const scene = createCredentialsScene();
let services: AppServices;

beforeAll(async () => {
  await scene.users.ensureAdmin("the goat eats bread at noon");
  services = createStandInServices(scene, SESSION);
});

function send(path: string, init: RequestInit = {}, changed: Partial<AppServices> = {}): Promise<Response> {
  return Promise.resolve(createApp({ ...services, ...changed }).request(`/trpc/${path}`, init, {}));
}

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = CREDENTIALS, changed: Partial<AppServices> = {}) =>
  send(path, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) }, changed);

const get = (path: string, input: unknown, headers: Readonly<Record<string, string>> = CREDENTIALS) =>
  send(`${path}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers });

async function told(response: Response) {
  const body: unknown = await response.json();
  return { status: response.status, body };
}

/** The same call as a batch of one, taken out of it again. */
async function throughBatch(path: string, input: unknown, headers: Readonly<Record<string, string>>) {
  const response = await post(`${path}?batch=1`, { 0: input }, headers);
  const body: unknown = await response.json();
  return { status: response.status, body: Array.isArray(body) ? body[0] : body };
}

describe("a call on its own", () => {
  it.each([
    ["chat.ask", "GET", "POST"],
    ["chat.ask", "HEAD", "POST"],
    ["chat.ask", "PUT", "POST"],
    ["chat.stream", "DELETE", "GET, POST"],
    ["health", "PUT", "GET, POST"],
  ])("tells what %s takes instead of %s", async (path, method, allowed) => {
    const response = await send(path, { method, headers: CREDENTIALS });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allowed]);
  });

  it("gives the result", async () => {
    expect(await told(await post("chat.ask", { question: "Who?" }))).toMatchObject({
      status: 200,
      body: { result: { data: { answerable: false, answeredBy: "gate", sessionId: SESSION, requestId: "request-1" } } },
    });
    expect(await told(await get("search", { query: "tower" }))).toEqual({ status: 200, body: { result: { data: { hits: [], degraded: false } } } });
  });

  it.each([
    ["a result", "chat.ask", { question: "Who?" }, CREDENTIALS],
    ["a result without a value", "sessions.delete", { id: SESSION }, CREDENTIALS],
    ["an input that is wrong", "chat.ask", { question: "", other: 1 }, CREDENTIALS],
    ["no credential", "chat.ask", { question: "Who?" }, { "x-request-id": "request-1" }],
    ["a wrong credential", "chat.ask", { question: "Who?" }, { ...CREDENTIALS, "x-api-key": "wrong" }],
    ["a credential that does not reach", "admin.breaker.reset", undefined, CREDENTIALS],
    ["no such procedure", "chat.unask", { question: "Who?" }, CREDENTIALS],
    ["a name that every object has", "chat.__proto__", {}, CREDENTIALS],
  ])("says the same as in a batch: %s", async (_, path, input, headers) => {
    expect(await told(await post(path, input, headers))).toEqual(await throughBatch(path, input, headers));
  });

  it("names what is wrong with the input", async () => {
    const { status, body } = await told(await post("chat.ask", { question: 7 }));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { data: { code: "invalid_request", httpStatus: 400, path: "chat.ask", requestId: "request-1", issues: [{ path: "question" }] } },
    });
  });

  it("tells when to come again, in the header too", async () => {
    const search: AppServices["search"] = async () => {
      throw new RagError("overloaded", "Too many wait.", { retryAfterSeconds: 3 });
    };
    const response = await post("search", { query: "tower" }, CREDENTIALS, { search });
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await told(response)).toMatchObject({ status: 503, body: { error: { data: { code: "overloaded", retryAfterSeconds: 3 } } } });
  });

  it("keeps what went wrong inside to itself", async () => {
    const search: AppServices["search"] = async () => {
      throw new Error("the password is swordfish");
    };
    for (const path of ["search", "search?batch=1"]) {
      const response = await post(path, path === "search" ? { query: "tower" } : { 0: { query: "tower" } }, CREDENTIALS, { search });
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(text).toContain('"internal"');
      expect(text).not.toContain("swordfish");
    }
  });

  it("keeps a result that does not satisfy its schema to itself", async () => {
    const statistics: AppServices["statistics"] = async () => ({ ...(await services.statistics()), documents: -1 });
    const authorization = `Bearer ${await scene.tokens.issue("admin")}`;
    const response = await post("admin.stats", undefined, { authorization }, { statistics });
    expect(await told(response)).toMatchObject({ status: 500, body: { error: { data: { code: "internal", requestId: expect.any(String) } } } });
  });
});

describe("what cannot be a call", () => {
  it.each([
    ["a mutation by GET", "chat.ask", { headers: CREDENTIALS }, 405, "method_not_allowed"],
    [
      "a form, such as another site's page can send",
      "chat.ask",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "text/plain" }, body: "{}" },
      415,
      "unsupported_media_type",
    ],
    [
      "broken JSON",
      "chat.ask",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "application/json" }, body: "{" },
      400,
      "invalid_request",
    ],
    [
      "broken JSON in a batch",
      "chat.ask?batch=1",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "application/json" }, body: "{" },
      400,
      "invalid_request",
    ],
    [
      "JSON nested too deep",
      "chat.ask",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "application/json" }, body: "[".repeat(17) + "]".repeat(17) },
      400,
      "invalid_request",
    ],
    [
      "JSON nested too deep in a batch",
      "chat.ask?batch=1",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "application/json" }, body: `{"0":${"[".repeat(17)}${"]".repeat(17)}}` },
      400,
      "invalid_request",
    ],
    [
      "a body that is too large",
      "chat.ask",
      { method: "POST", headers: { ...CREDENTIALS, "content-type": "application/json" }, body: `"${"a".repeat(100_001)}"` },
      413,
      "payload_too_large",
    ],
    ["a path that is no text", "%ff", { headers: CREDENTIALS }, 400, "invalid_request"],
    ["a method that reads nothing", "health", { method: "OPTIONS", headers: CREDENTIALS }, 405, "method_not_allowed"],
    [
      "a log in that is larger than any",
      "auth.login",
      { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ username: "a", password: "b".repeat(17_000) }) },
      413,
      "payload_too_large",
    ],
    [
      "a batch by a stranger that is larger than any log in",
      "auth.login?batch=1",
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ 0: { username: "a", password: "b".repeat(17_000) } }),
      },
      413,
      "payload_too_large",
    ],
  ])("is refused: %s", async (_, path, init, status, code) => {
    const response = await send(path, init);
    const body: unknown = await response.json();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain("application/json");
    const requestId = response.headers.get("x-request-id");
    expect(Array.isArray(body) ? body[0] : body).toMatchObject({ error: { data: { code, requestId } } });
  });

  it("is refused: a file that JSON tells of, with a size of its own choice", async () => {
    const authorization = `Bearer ${await scene.tokens.issue("admin")}`;
    const file = { parts: [], sizeBytes: -1, sha256: "0".repeat(64), mediaType: "text/plain" };
    for (const path of ["documents.upload", "documents.upload?batch=1"]) {
      const input = { path: "a.md", file };
      const response = await post(path, path.endsWith("1") ? { 0: input } : input, { authorization });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("must be sent as multipart/form-data");
    }
  });
});

describe("a batch", () => {
  it("gives each call its own result", async () => {
    const response = await post("chat.ask,chat.ask?batch=1", { 0: { question: "Who?" }, 1: { question: "" } });
    expect(await told(response)).toMatchObject({
      status: 207,
      body: [{ result: { data: { sessionId: SESSION } } }, { error: { data: { code: "invalid_request" } } }],
    });
  });

  it("of more than twenty calls is refused as a whole, in few bytes", async () => {
    let asked = 0;
    const ask: AppServices["ask"] = (request) => {
      asked += 1;
      return services.ask(request);
    };
    const response = await post(`${Array(1_000).fill("chat.ask").join(",")}?batch=1`, {}, CREDENTIALS, { ask });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).toContain('"invalid_request"');
    expect(text.length).toBeLessThan(2_000);
    expect(asked).toBe(0);
  });

  it("spends a key's budget for each call", async () => {
    const scope = { operations: ["search.run" as const], pathPrefixes: undefined, requestsPerMinute: 2, requestsPerDay: undefined };
    const { key } = await scene.apiKeys.create({ name: "small", ...scope, expiresAtMs: undefined });
    const input = { query: "tower" };
    const response = await post("search,search,search?batch=1", { 0: input, 1: input, 2: input }, { "x-api-key": key });
    const body: unknown = await response.json();
    expect(body).toMatchObject([{ result: {} }, { result: {} }, { error: { data: { code: "rate_limited" } } }]);
    expect(response.headers.get("retry-after")).not.toBeNull();
  });
});

describe("a stream", () => {
  const question = (path: string) => get(path, { question: "Who?" });

  it("gives each event, and then says that it is complete", async () => {
    const response = await question("chat.stream");
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(response.headers.get("x-request-id")).toBe("request-1");
    const text = await response.text();
    expect(text).toContain('"type":"done"');
    expect(text).toContain("event: return");
  });

  it("can be asked for by POST, so that the question stands in no address", async () => {
    expect(await (await post("chat.stream", { question: "Who?" })).text()).toContain('"type":"done"');
  });

  it("says what went wrong in its last event", async () => {
    const response = await get("chat.stream", { question: "" });
    const text = await response.text();
    expect(text).toContain("event: serialized-error");
    expect(text).toContain('"invalid_request"');
    expect(text).not.toContain("event: return");
  });

  it("refuses whoever may not ask", async () => {
    expect(await (await get("chat.stream", { question: "Who?" }, {})).text()).toContain('"unauthenticated"');
    expect(await (await get("admin.ingestEvents", { id: "job-1" })).text()).toContain('"forbidden"');
  });
});
