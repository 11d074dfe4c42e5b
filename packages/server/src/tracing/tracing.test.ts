import { describe, expect, it } from "vitest";
import type { Span } from "./span.ts";
import { createTracing } from "./tracing.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const RESULT = { method: "POST", route: "/chat", status: 200 };

function scene(traceparent?: string) {
  const time = { wall: 1_800_000_000_000, monotonic: 500 };
  const sent: Span[] = [];
  let ids = 0;
  const tracing = createTracing({
    send: (spans) => sent.push(...spans),
    clock: { now: () => time.wall, monotonic: () => time.monotonic },
    newId: (bytes) => String(++ids).padStart(2 * bytes, "0"),
  });
  return { time, sent, trace: tracing.begin({ requestId: "r-1", traceparent }) };
}

describe("a trace", () => {
  it("has a span for the request and one for each step below it", () => {
    const { time, sent, trace } = scene();
    trace.onStage("retrieve", 502, 510, false);
    trace.onStage("generate", 510, 530.5, true);
    // The wall clock is set back meanwhile, which must not show.
    time.wall -= 3_600_000;
    time.monotonic = 540;
    trace.end({ ...RESULT, status: 502 });
    const [request, ...steps] = sent;
    expect(request).toMatchObject({
      name: "POST /chat",
      kind: "server",
      parentSpanId: undefined,
      beganAtMs: 1_800_000_000_000,
      endedAtMs: 1_800_000_000_040,
      hasFailed: true,
      attributes: { "http.response.status_code": 502, "rag.request_id": "r-1" },
    });
    expect(steps).toMatchObject([
      { name: "retrieve", beganAtMs: 1_800_000_000_002, endedAtMs: 1_800_000_000_010, hasFailed: false },
      { name: "generate", beganAtMs: 1_800_000_000_010, endedAtMs: 1_800_000_000_030.5, hasFailed: true },
    ]);
    for (const step of steps) expect(step).toMatchObject({ traceId: request?.traceId, parentSpanId: request?.spanId, kind: "internal" });
    expect(new Set(sent.map(({ spanId }) => spanId)).size).toBe(3);
  });

  it("goes on with the caller's", () => {
    const { sent, trace } = scene(`00-${TRACE}-${PARENT}-01`);
    trace.onStage("session", 500, 501, false);
    trace.end(RESULT);
    expect(sent.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE]);
    expect(sent[0]?.parentSpanId).toBe(PARENT);
  });

  it("is not recorded where the caller does not record it, nor for a request without a step", () => {
    const unsampled = scene(`00-${TRACE}-${PARENT}-00`);
    unsampled.trace.onStage("session", 500, 501, false);
    unsampled.trace.end(RESULT);
    const health = scene();
    health.trace.end({ method: "GET", route: "/health", status: 200 });
    expect([...unsampled.sent, ...health.sent]).toEqual([]);
  });
});
