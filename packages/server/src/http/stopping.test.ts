/** What a server that stops says last to those whose answer it cuts, whatever way they asked. */
import { expect, it } from "vitest";
import { ADMIN_PASSWORD, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { startHttpServer } from "../http-server.ts";

const SESSION = "00000000-0000-4000-8000-00000000000a";
const QUESTION = { question: "Who built it?" };
const COMPLETION = { model: "rag", stream: true, messages: [{ role: "user", content: QUESTION.question }] };
const ASK = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: QUESTION, _meta: { progressToken: 1 } } };

/** A server whose answers begin and never end by themselves. */
async function start() {
  const asked = Promise.withResolvers<void>();
  const untilAborted = (signal: AbortSignal): Promise<never> => {
    asked.resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const scene = createCredentialsScene();
  await scene.users.ensureAdmin(ADMIN_PASSWORD);
  const services = createStandInServices(scene, SESSION);
  const app = createApp({
    ...services,
    async *ask({ signal }) {
      yield { type: "session", sessionId: SESSION };
      yield await untilAborted(signal);
    },
    async *converse({ signal }) {
      yield { type: "delta", text: "She" };
      yield await untilAborted(signal);
    },
    ingestion: {
      ...services.ingestion,
      async *follow(_, signal) {
        yield { type: "progress", progress: { done: 0, total: 1 } };
        await untilAborted(signal).catch(() => {});
      },
    },
  });
  const limits = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };
  const server = await startHttpServer({ fetch: app.fetch, listenOn: { host: "127.0.0.1", port: 0 }, limits });
  return { server, asked: asked.promise, authorization: `Bearer ${await scene.tokens.issue("admin")}` };
}

it.each([
  ["/chat", { ...QUESTION, stream: true }, '"code":"not_ready"'],
  ["/chat", QUESTION, '"code":"not_ready"'],
  ["/trpc/chat.stream", QUESTION, "event: serialized-error"],
  ["/trpc/chat.ask", QUESTION, '"code":"not_ready"'],
  ["/trpc/chat.ask?batch=1", { 0: QUESTION }, '"code":"not_ready"'],
  ["/v1/chat/completions", COMPLETION, '"code":"not_ready"'],
  ["/v1/chat/completions", { ...COMPLETION, stream: false }, '"code":"not_ready"'],
  ["/mcp", ASK, '"isError":true'],
  ["/ingest/job-1", undefined, '"code":"not_ready"'],
  ["/trpc/admin.ingestEvents", { id: "job-1" }, "event: serialized-error"],
])("tells to ask again: %s %j", async (path, body, said) => {
  const { server, asked, authorization } = await start();
  const accept = body !== undefined && !("jsonrpc" in body) ? "application/json" : "application/json, text/event-stream";
  const headers = { authorization, accept, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const text = fetch(`${server.address}${path}`, init).then((response) => response.text());
  await asked;
  await server.stop(0);
  expect(await text).toContain(said);
  expect(await text).toContain("The server is stopping; ask again.");
});
