/** A client that leaves before its answer is no error of the server, whatever way it asked. */
import { request as send } from "node:http";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { type HttpServer, startHttpServer } from "../http-server.ts";

const SESSION = "00000000-0000-4000-8000-00000000000a";
const QUESTION = { question: "Who built it?" };
const COMPLETION = { model: "rag", messages: [{ role: "user", content: QUESTION.question }] };
const ASK = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: QUESTION } };
const HEADERS = { "x-api-key": CONFIGURED_KEY, "content-type": "application/json", accept: "application/json, text/event-stream" };
const LIMITS = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.stop(0);
  server = undefined;
});

/** An app whose answers never end by themselves. */
function createScene() {
  const asked = Promise.withResolvers<void>();
  const noted = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<void>();
  const lines: string[] = [];
  async function untilAborted(signal: AbortSignal): Promise<never> {
    asked.resolve();
    try {
      return await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    } finally {
      ended.resolve();
    }
  }
  const services = createStandInServices(createCredentialsScene(), SESSION);
  const app = createApp({
    ...services,
    log: pino({ level: "warn" }, { write: (line: string) => void lines.push(line) }),
    metrics: { ...services.metrics, observe: ({ status }) => noted.resolve(status) },
    async *ask({ signal }) {
      yield { type: "session", sessionId: SESSION };
      yield await untilAborted(signal);
    },
    async *converse({ signal }) {
      yield { type: "sources", sources: [] };
      yield await untilAborted(signal);
    },
  });
  return { app, asked: asked.promise, noted: noted.promise, ended: ended.promise, lines };
}

describe.each([
  ["/chat", QUESTION, 499],
  ["/trpc/chat.ask", QUESTION, 499],
  ["/trpc/chat.ask?batch=1", { 0: QUESTION }, 499],
  ["/trpc/chat.stream", QUESTION, 200],
  ["/v1/chat/completions", COMPLETION, 499],
  ["/mcp", ASK, 200],
])("a client of %s that leaves", (path, body, status) => {
  const onlyJson = path === "/chat" ? { ...HEADERS, accept: "application/json" } : HEADERS;

  it("is noted as such, and in no line of its own", async () => {
    const { app, asked, noted, ended, lines } = createScene();
    server = await startHttpServer({ fetch: app.fetch, listenOn: { host: "127.0.0.1", port: 0 }, limits: LIMITS });
    const asking = send(`${server.address}${path}`, { method: "POST", headers: onlyJson }).on("error", () => {});
    asking.end(JSON.stringify(body));
    await asked;
    asking.destroy();
    await ended;
    expect(await noted).toBe(status);
    await server.stop(1_000);
    expect(lines).toEqual([]);
  });

  it("is so too where the request's signal alone tells of it", async () => {
    const { app, asked, noted, ended, lines } = createScene();
    const leaving = new AbortController();
    const init = { method: "POST", headers: onlyJson, body: JSON.stringify(body), signal: leaving.signal };
    const answer = Promise.resolve(app.request(path, init, {})).then((response) => response.text());
    await asked;
    leaving.abort();
    await ended;
    await answer.catch((reason: unknown) => expect(reason).toBe("the client has left"));
    expect(await noted).toBe(status);
    expect(lines).toEqual([]);
  });
});
