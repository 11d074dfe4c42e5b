import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Span } from "../../tracing/span.ts";
import { createSpanExporter } from "./span-exporter.ts";

const SPAN: Span = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentSpanId: undefined,
  name: "POST /chat",
  kind: "server",
  beganAtMs: 1_800_000_000_000.25,
  endedAtMs: 1_800_000_000_007.5,
  hasFailed: false,
  attributes: { "http.route": "/chat", "http.response.status_code": 200 },
};

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  // biome-ignore lint/suspicious/noExplicitAny: what was sent is what is being tested.
  readonly body: any;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A collector that answers with this status, or not at all; and an exporter whose time the test lets pass. */
async function scene({ status = 200, isThere = true, maxWaiting }: { status?: number | "never"; isThere?: boolean; maxWaiting?: number } = {}) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    received.push({ path: request.url, headers: request.headers, body: JSON.parse(text) });
    if (status !== "never") response.writeHead(status).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  if (isThere) ends.push(close);
  else close();
  const lines: { fields: object; message: string }[] = [];
  const due: { delayMs: number; fn: () => void }[] = [];
  let requests = 0;
  let settled = Promise.withResolvers<void>();
  const exporter = createSpanExporter({
    endpoint: `http://127.0.0.1:${port}`,
    headers: { "api-key": "secret" },
    serviceName: "rag-test",
    ...(maxWaiting === undefined ? {} : { maxWaiting }),
    async fetch(...request) {
      requests += 1;
      try {
        return await fetch(...request);
      } finally {
        // What follows an answer runs in the same turn.
        setImmediate(() => settled.resolve());
      }
    },
    clock: { monotonic: () => 0 },
    timers: {
      set(delayMs, fn) {
        const timer = { delayMs, fn };
        due.push(timer);
        return () => void (due.includes(timer) && due.splice(due.indexOf(timer), 1));
      },
    },
    log: { info: (fields, message) => lines.push({ fields, message }), warn: (fields, message) => lines.push({ fields, message }) },
  });
  /** Lets what waits for so long come due. @returns how long it was. */
  const pass = (): number => {
    const timer = due.shift();
    timer?.fn();
    return timer?.delayMs ?? Number.NaN;
  };
  /** Lets the next batch go and waits until it is settled. */
  const sendNow = async (): Promise<number> => {
    settled = Promise.withResolvers<void>();
    const delayMs = pass();
    await settled.promise;
    return delayMs;
  };
  return { exporter, received, lines, due, pass, sendNow, requests: () => requests };
}

describe("traces", () => {
  it("go to the collector in the form of OTLP, gathered for a second", async () => {
    const { exporter, received, sendNow } = await scene();
    exporter.send([SPAN]);
    exporter.send([
      { ...SPAN, spanId: "1".repeat(16), parentSpanId: SPAN.spanId, name: "retrieve", kind: "internal", hasFailed: true, attributes: {} },
    ]);
    expect(await sendNow()).toBe(1_000);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ path: "/v1/traces", headers: { "api-key": "secret", "content-type": "application/json" } });
    const [resource] = received[0]?.body.resourceSpans ?? [];
    expect(resource.resource.attributes).toEqual([{ key: "service.name", value: { stringValue: "rag-test" } }]);
    expect(resource.scopeSpans[0].spans).toEqual([
      {
        traceId: SPAN.traceId,
        spanId: SPAN.spanId,
        name: "POST /chat",
        kind: 2,
        startTimeUnixNano: "1800000000000250000",
        endTimeUnixNano: "1800000000007500000",
        attributes: [
          { key: "http.route", value: { stringValue: "/chat" } },
          { key: "http.response.status_code", value: { intValue: "200" } },
        ],
        status: {},
      },
      expect.objectContaining({ name: "retrieve", kind: 1, parentSpanId: SPAN.spanId, status: { code: 2 } }),
    ]);
  });

  it("that wait are sent at the end", async () => {
    const { exporter, received, due } = await scene();
    exporter.send([SPAN]);
    await exporter.close();
    exporter.send([SPAN]);
    expect([received.length, due.length]).toEqual([1, 0]);
  });
});

describe("a collector that is away", () => {
  it("is tried ever more rarely, and told of once", async () => {
    const { exporter, lines, sendNow, requests } = await scene({ isThere: false });
    const delays: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      exporter.send([SPAN]);
      delays.push(await sendNow());
    }
    expect(delays).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
    expect(requests()).toBe(8);
    expect(lines).toHaveLength(1);
    await exporter.close();
    expect(requests()).toBe(8);
  });

  it("costs no more memory than what may wait", async () => {
    const { exporter, sendNow, requests } = await scene({ isThere: false, maxWaiting: 10 });
    for (let sent = 0; sent < 1_000; sent += 1) exporter.send([SPAN, SPAN]);
    await sendNow();
    expect(requests()).toBe(1);
  });

  it("is told by its status, and well again by the next answer", async () => {
    const { exporter, lines, sendNow } = await scene({ status: 503 });
    exporter.send([SPAN]);
    await sendNow();
    expect(lines).toMatchObject([{ fields: { reason: "status 503", dropped: 1 } }]);
  });

  it("is given up when it does not answer, and keeps no one from closing", async () => {
    const { exporter, received, pass, lines } = await scene({ status: "never" });
    exporter.send([SPAN]);
    pass();
    await expect.poll(() => received.length).toBe(1);
    const closed = exporter.close();
    expect(pass()).toBe(5_000);
    await closed;
    expect(lines).toMatchObject([{ fields: { reason: "no answer within 5000 ms" } }]);
  });
});
