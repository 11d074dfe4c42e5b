/** Traces of questions, as a collector gets them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectApi } from "../test-support/api.ts";
import { freePort } from "../test-support/free-port.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";
const STEPS = ["session", "rewrite", "cache", "retrieve", "gate", "compose", "generate", "cite", "remember"];

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: string } }[];
}

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());

async function startCollector() {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    bodies.push(text);
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    text: () => bodies.join("\n"),
    spans: (): SentSpan[] => bodies.flatMap((body) => JSON.parse(body).resourceSpans[0].scopeSpans[0].spans),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("with a collector", () => {
  it("each question is a trace of its steps, in the caller's trace and under its request id, without a word of it", async () => {
    const collector = await startCollector();
    const server = await startServer({ DATA_DIR: join(folder.path, "traced"), OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    const api = await connectApi(server);
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, "x-request-id": "asked-1" };
    const { body: answer } = await api.client("POST", "/chat", { body: { question: "Who designed the tower?" }, headers });
    const streamed = await api.client("POST", "/chat", { body: { question: "How many steps does the tower have?", stream: true } });
    await api.client("GET", "/sessions");
    await server.stop();
    collector.close();

    expect(answer.answerable).toBe(true);
    expect(streamed.body).toContain("event: done");
    const requests = collector.spans().filter(({ name }) => name === "POST /chat");
    expect(requests).toHaveLength(2);
    expect(collector.spans().some(({ name }) => name.includes("/sessions"))).toBe(false);
    const [first, second] = requests;
    expect(first).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    expect(first?.attributes).toContainEqual({ key: "rag.request_id", value: { stringValue: "asked-1" } });
    expect(first?.attributes).toContainEqual({ key: "http.response.status_code", value: { intValue: "200" } });
    expect(second?.traceId).not.toBe(TRACE);
    for (const request of requests) {
      const steps = collector.spans().filter(({ parentSpanId }) => parentSpanId === request.spanId);
      expect(steps.map(({ name }) => name)).toEqual(STEPS);
      // A stream's request ends with its last event, not with its head.
      for (const { startTimeUnixNano, endTimeUnixNano, traceId } of steps) {
        expect(traceId).toBe(request.traceId);
        expect(BigInt(startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(request.startTimeUnixNano));
        expect(BigInt(endTimeUnixNano)).toBeLessThanOrEqual(BigInt(request.endTimeUnixNano));
      }
    }
    for (const word of [
      "designed",
      "steps",
      answer.citations[0].quote,
      answer.citations[0].title,
      answer.citations[0].path,
      answer.sessionId,
      api.apiKey,
    ]) {
      expect(collector.text()).not.toContain(word);
    }
  });

  it("that is not there nothing changes but one line of the log", async () => {
    const server = await startServer({
      DATA_DIR: join(folder.path, "untraced"),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    });
    const api = await connectApi(server);
    for (let asked = 0; asked < 20; asked += 1) {
      expect((await api.client("POST", "/chat", { body: { question: "Who designed the tower?" } })).status).toBe(200);
    }
    await expect.poll(() => server.output().split("traces cannot be sent").length - 1, { timeout: 20_000 }).toBe(1);
    const stoppedAt = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  });
});
