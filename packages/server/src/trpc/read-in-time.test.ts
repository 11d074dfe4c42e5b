/** A reader of a stream who takes nothing, over a real connection. */
import { connect } from "node:net";
import { afterEach, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { type HttpServer, startHttpServer } from "../http-server.ts";

const SESSION = "00000000-0000-4000-8000-00000000000a";
const LIMITS = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };
let server: HttpServer | undefined;
afterEach(() => server?.stop(0));

it.each([
  ["/trpc/chat.stream", { question: "Who?" }],
  ["/chat", { question: "Who?", stream: true }],
])("loses the connection, and what it was written by ends: %s", async (path, body) => {
  const ended = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const services = createStandInServices(createCredentialsScene(), SESSION);
  const app = createApp({
    ...services,
    limits: { ...services.limits, streamWriteTimeoutMs: 50 },
    async *ask() {
      try {
        for (;;) yield { type: "delta", text: "word ".repeat(20_000) };
      } finally {
        ended.resolve();
      }
    },
  });
  const answer: Parameters<typeof startHttpServer>[0]["fetch"] = (request, bindings) => {
    bindings.outgoing.once("close", () => gone.resolve());
    return app.fetch(request, bindings);
  };
  server = await startHttpServer({ fetch: answer, listenOn: { host: "127.0.0.1", port: 0 }, limits: LIMITS });
  const text = JSON.stringify(body);
  const socket = connect(Number(new URL(server.address).port), "127.0.0.1").on("error", () => {});
  socket.pause();
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${CONFIGURED_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
  await Promise.all([ended.promise, gone.promise]);
  socket.destroy();
});
