/** The listener with the application behind it: what becomes of requests that are none, and of clients that leave. */
import { once } from "node:events";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../test-support/credentials-scene.ts";
import { createStandInServices } from "../test-support/stand-in-services.ts";
import { createApp } from "./app.ts";
import { startHttpServer } from "./http-server.ts";
import type { AppServices } from "./services.ts";

const LIMITS = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 10 };
const toStop: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of toStop.splice(0)) await stop();
});

async function startScene(overrides: Partial<AppServices> = {}) {
  const lines: Record<string, unknown>[] = [];
  const observed: { readonly route: string; readonly status: number }[] = [];
  const log = pino(
    { level: "info" },
    new Writable({
      write(line: Buffer, _, done) {
        lines.push(JSON.parse(line.toString()));
        done();
      },
    }),
  );
  const services: AppServices = {
    ...createStandInServices(createCredentialsScene(), "session-1"),
    log,
    metrics: { observe: (request) => void observed.push(request), render: async () => ({ contentType: "text/plain", body: "" }) },
    ...overrides,
  };
  const app = createApp(services);
  const server = await startHttpServer({
    fetch: (request, bindings) => app.fetch(request, bindings),
    listenOn: { host: "127.0.0.1", port: 0 },
    limits: LIMITS,
  });
  toStop.push(() => server.stop(0));
  const { port } = new URL(server.address);
  /** Sends bytes and gives back the first line of the answer. */
  const exchange = async (bytes: string): Promise<string> => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.end(bytes);
    let text = "";
    for await (const part of socket) text += String(part);
    return text.split("\r\n")[0] ?? "";
  };
  return { server, lines, observed, exchange };
}

describe("the HTTP server", () => {
  it.each(["/a", "not a host", "[::1"])("answers 400 to a request for the host %j", async (host) => {
    const { exchange } = await startScene();
    expect(await exchange(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toBe("HTTP/1.1 400 Bad Request");
  });

  it("notes a client that left before its answer was whole, in the log and in the metrics", async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const { server, lines, observed } = await startScene({
      // biome-ignore lint/correctness/useYield: it is left before it has anything to tell
      async *ask({ signal }) {
        begun.resolve();
        const left = once(signal, "abort");
        await left;
        ended.resolve();
        signal.throwIfAborted();
      },
    });
    const client = new AbortController();
    const request = fetch(`${server.address}/chat`, {
      method: "POST",
      headers: { "x-api-key": CONFIGURED_KEY, "content-type": "application/json" },
      body: JSON.stringify({ question: "Where does the owl sleep?" }),
      signal: client.signal,
    }).catch(() => undefined);
    await begun.promise;
    client.abort();
    await request;
    await ended.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines.filter(({ msg }) => msg === "request")).toMatchObject([{ route: "/chat", status: 499, level: 30 }]);
    expect(lines.filter(({ level }) => Number(level) > 30)).toEqual([]);
    expect(observed).toMatchObject([{ route: "/chat", status: 499 }]);
  });
});
