/** A reader of a stream who takes nothing, over a real connection. */
import { connect, type Socket } from "node:net";
import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { type HttpServer, startHttpServer } from "../http-server.ts";

const SESSION = "00000000-0000-4000-8000-00000000000a";
const LIMITS = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };
let server: HttpServer | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await server?.stop(0);
});

/** Sends a request whose answer is not read. */
function ask({ address }: HttpServer, path: string, body: unknown): Socket {
  const text = JSON.stringify(body);
  const socket = connect(Number(new URL(address).port), "127.0.0.1").on("error", () => {});
  socket.pause();
  const headers = [
    "host: localhost",
    `x-api-key: ${CONFIGURED_KEY}`,
    "content-type: application/json",
    "accept: application/json, text/event-stream",
  ];
  socket.write(`POST ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  return socket;
}

it.each([
  ["/trpc/chat.stream", { question: "Who?" }],
  ["/chat", { question: "Who?", stream: true }],
  ["/v1/chat/completions", { model: "rag", stream: true, messages: [{ role: "user", content: "Who?" }] }],
])("loses the connection, and what it was written by ends: %s", async (path, body) => {
  const ended = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const printed = vi.spyOn(console, "error").mockReturnValue();
  const lines: string[] = [];
  async function* words() {
    try {
      for (;;) yield { type: "delta", text: "word ".repeat(20_000) } as const;
    } finally {
      ended.resolve();
    }
  }
  const services = createStandInServices(createCredentialsScene(), SESSION);
  const app = createApp({
    ...services,
    limits: { ...services.limits, streamWriteTimeoutMs: 50 },
    log: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }),
    ask: words,
    converse: words,
  });
  const answer: Parameters<typeof startHttpServer>[0]["fetch"] = (request, bindings) => {
    bindings.outgoing.once("close", () => gone.resolve());
    return app.fetch(request, bindings);
  };
  server = await startHttpServer({ fetch: answer, listenOn: { host: "127.0.0.1", port: 0 }, limits: LIMITS });
  const socket = ask(server, path, body);
  await Promise.all([ended.promise, gone.promise]);
  socket.destroy();
  await server.stop(0);
  expect(printed).not.toHaveBeenCalled();
  if (!path.startsWith("/trpc")) expect(lines.filter((line) => line.includes("takes nothing"))).toHaveLength(1);
});

it("loses the connection by MCP too, where an answer is whole", async () => {
  const gone = Promise.withResolvers<void>();
  const printed = vi.spyOn(console, "error").mockReturnValue();
  const services = createStandInServices(createCredentialsScene(), SESSION);
  const document = await services.getDocument({ kind: "anonymous" }, "doc_1");
  const app = createApp({
    ...services,
    limits: { ...services.limits, streamWriteTimeoutMs: 50 },
    getDocument: async () => (document === undefined ? undefined : { ...document, text: "word ".repeat(4_000_000) }),
  });
  const answer: Parameters<typeof startHttpServer>[0]["fetch"] = (request, bindings) => {
    bindings.outgoing.once("close", () => gone.resolve());
    return app.fetch(request, bindings);
  };
  server = await startHttpServer({ fetch: answer, listenOn: { host: "127.0.0.1", port: 0 }, limits: LIMITS });
  const call = { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "rag://documents/doc_1" } };
  const socket = ask(server, "/mcp", call);
  await gone.promise;
  socket.destroy();
  await server.stop(0);
  expect(printed).not.toHaveBeenCalled();
});
