/** What belongs to no route, and what all ways in have in common. */
import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, CONFIGURED_KEY, createCredentialsScene } from "../test-support/credentials-scene.ts";
import { createStandInServices } from "../test-support/stand-in-services.ts";
import { createApp } from "./app.ts";
import type { AppServices } from "./services.ts";

const scene = createCredentialsScene();
let services: AppServices;
beforeAll(async () => {
  await scene.users.ensureAdmin(ADMIN_PASSWORD);
  services = createStandInServices(scene, "00000000-0000-4000-8000-00000000000a");
});

const JSON_TYPE = { "content-type": "application/json" };
const KEY = { "x-api-key": CONFIGURED_KEY, accept: "application/json, text/event-stream" };
const post = (body: unknown, headers: Readonly<Record<string, string>> = KEY): RequestInit => ({
  method: "POST",
  headers: { ...headers, ...JSON_TYPE },
  body: JSON.stringify(body),
});

const QUESTION = { question: "Who built it?" };
const ASK = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: QUESTION } };
const COMPLETION = { model: "rag", messages: [{ role: "user", content: QUESTION.question }] };

describe("a request without a route", () => {
  it.each([
    ["GET", "/chat", 405, "POST"],
    ["POST", "/sessions/1", 405, "GET, DELETE"],
    ["PATCH", "/admin/users", 405, "GET, POST"],
    ["GET", "/nowhere", 404, null],
  ])("%s %s is told so: %s", async (method, path, status, allow) => {
    const response = await createApp(services).request(path, { method }, {});
    expect([response.status, response.headers.get("allow")]).toEqual([status, allow]);
  });
});

describe("an answer that rests on who asks", () => {
  it.each([
    ["documents", "/documents", { headers: KEY }],
    ["documents by tRPC", "/trpc/documents.list?input={}", { headers: KEY }],
    ["documents by tRPC in a batch", '/trpc/documents.list?batch=1&input={"0":{}}', { headers: KEY }],
    ["a document that is not there", "/nowhere", { headers: KEY }],
    ["a refusal", "/documents", {}],
    ["a refusal by tRPC", "/trpc/documents.list?input={}", {}],
    ["models", "/v1/models", { headers: KEY }],
    ["a token by tRPC", "/trpc/auth.login", post({ username: "admin", password: ADMIN_PASSWORD }, {})],
  ])("is for no cache to keep: %s", async (_, path, init) => {
    const response = await createApp(services).request(path, init, {});
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.each([
    ["/mcp", ASK],
    ["/trpc/chat.stream", QUESTION],
  ])("leaves the connection to the server, which may be stopping: %s", async (path, body) => {
    const response = await createApp(services).request(path, post(body), {});
    expect(response.headers.get("connection")).toBeNull();
    await response.text();
  });
});

describe("a question is told of by its route, and followed through its stages", () => {
  it.each([
    ["/chat", "/chat", QUESTION],
    ["/chat", "/chat", { ...QUESTION, stream: true }],
    ["/trpc/chat.ask", "/trpc/chat.ask", QUESTION],
    ["/trpc/chat.ask?batch=1", "/trpc/chat.ask", { 0: QUESTION }],
    ["/trpc/chat.stream", "/trpc/chat.stream", QUESTION],
    ["/v1/chat/completions", "/v1/chat/completions", COMPLETION],
    ["/v1/chat/completions", "/v1/chat/completions", { ...COMPLETION, stream: true }],
    ["/mcp", "/mcp", ASK],
  ])("%s", async (path, label, body) => {
    const routes: string[] = [];
    const stages: string[] = [];
    const app = createApp({
      ...services,
      metrics: { ...services.metrics, observe: ({ route }) => void routes.push(route) },
      tracing: { begin: () => ({ onStage: (stage) => void stages.push(stage), end: () => {} }) },
      async *ask(request) {
        request.onStage?.("retrieve", 0, 1, false);
        yield* services.ask(request);
      },
      async *converse(request) {
        request.onStage?.("retrieve", 0, 1, false);
        yield* services.converse(request);
      },
    });
    await (await app.request(path, post(body), {})).text();
    expect({ routes, stages }).toEqual({ routes: [label], stages: ["retrieve"] });
  });
});
