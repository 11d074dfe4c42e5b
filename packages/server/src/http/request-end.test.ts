import { connect } from "node:net";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpServer, startHttpServer } from "../http-server.ts";
import type { HttpEnvironment } from "./environment.ts";
import { abortAtRequestEnd } from "./request-end.ts";

const LIMITS = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 10 };
let server: HttpServer | undefined;
afterEach(() => server?.stop(0));

/** A server whose one route tells of its signal and answers when the test says so. */
async function scene() {
  const begun = Promise.withResolvers<AbortSignal>();
  const answer = Promise.withResolvers<string>();
  const app = new Hono<HttpEnvironment>();
  app.get("/", async (c) => {
    begun.resolve(abortAtRequestEnd(c).signal);
    return c.text(await answer.promise);
  });
  const started = await startHttpServer({ fetch: app.fetch, listenOn: { host: "127.0.0.1", port: 0 }, limits: LIMITS });
  server = started;
  return { address: started.address, server: started, begun: begun.promise, answer: answer.resolve, app };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));

describe("the end of a request", () => {
  it("is heard when the client leaves", async () => {
    const { address, begun, answer } = await scene();
    const socket = connect(Number(new URL(address).port), "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    const signal = await begun;
    expect(signal.aborted).toBe(false);
    socket.destroy();
    await aborted(signal);
    answer("nobody hears it");
  });

  it("is heard when the server cuts what is in flight", async () => {
    const { address, server, begun, answer } = await scene();
    const response = fetch(address).catch((error: unknown) => error);
    const signal = await begun;
    const stopped = server.stop(0);
    await aborted(signal);
    answer("too late or just in time");
    await Promise.all([response, stopped]);
  });

  it("is no end when the answer has gone out", async () => {
    const { address, begun, answer } = await scene();
    answer("all of it");
    const response = await fetch(address, { headers: { connection: "close" } });
    expect(await response.text()).toBe("all of it");
    await server?.stop(1_000);
    expect((await begun).aborted).toBe(false);
  });

  it("is heard without Node's own objects too", async () => {
    const { begun, answer, app } = await scene();
    const leaving = new AbortController();
    const response = app.request("/", { signal: leaving.signal }, {});
    const signal = await begun;
    leaving.abort();
    await aborted(signal);
    answer("nobody hears it");
    await response;
  });
});
