/** A client that leaves before its answer, over a real connection. */
import { request as send } from "node:http";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { type HttpServer, startHttpServer } from "../http-server.ts";
import type { AppServices } from "../services.ts";

let server: HttpServer | undefined;
afterEach(() => server?.stop(0));

/** A server whose answers never end by themselves. */
async function start() {
  const asked = Promise.withResolvers<void>();
  const noted = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<void>();
  const lines: string[] = [];
  const services = createStandInServices(createCredentialsScene(), "00000000-0000-4000-8000-00000000000a");
  const app = createApp({
    ...services,
    log: pino({ level: "warn" }, { write: (line: string) => void lines.push(line) }),
    metrics: { ...services.metrics, observe: ({ status }) => noted.resolve(status) },
    async *ask({ signal }): ReturnType<AppServices["ask"]> {
      yield { type: "session", sessionId: "00000000-0000-4000-8000-00000000000a" };
      asked.resolve();
      try {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      } finally {
        ended.resolve();
      }
    },
  });
  const limits = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };
  server = await startHttpServer({ fetch: app.fetch, listenOn: { host: "127.0.0.1", port: 0 }, limits });
  return { address: server.address, asked: asked.promise, noted: noted.promise, ended: ended.promise, lines };
}

it.each([
  ["a call", "chat.ask", { question: "Who?" }, 499],
  ["a batch", "chat.ask?batch=1", { 0: { question: "Who?" } }, 499],
  ["a stream", "chat.stream", { question: "Who?" }, 200],
])("is no error of the server: %s", async (_, path, input, status) => {
  const { address, asked, noted, ended, lines } = await start();
  const headers = { "x-api-key": CONFIGURED_KEY, "content-type": "application/json" };
  const asking = send(`${address}/trpc/${path}`, { method: "POST", headers }).on("error", () => {});
  asking.end(JSON.stringify(input));
  await asked;
  asking.destroy();
  await ended;
  expect(await noted).toBe(status);
  await server?.stop(1_000);
  expect(lines).toEqual([]);
});
