/** Spans in the JSON form of OTLP, as `POST /v1/traces` takes them. */
import type { Span } from "../../tracing/span.ts";

const KIND = { internal: 1, server: 2 } as const;
const STATUS_ERROR = 2;
const NANOSECONDS = 1_000_000;

/** Nanoseconds since the epoch have more digits than a number holds. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return (BigInt(whole) * BigInt(NANOSECONDS) + BigInt(Math.round((ms - whole) * NANOSECONDS))).toString();
}

const attribute = ([key, value]: readonly [string, string | number]) => ({
  key,
  // 64-bit integers are texts in the JSON of protocol buffers.
  value: typeof value === "string" ? { stringValue: value } : { intValue: String(value) },
});

function toJson({ traceId, spanId, parentSpanId, name, kind, beganAtMs, endedAtMs, hasFailed, attributes }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: KIND[kind],
    startTimeUnixNano: nanoseconds(beganAtMs),
    endTimeUnixNano: nanoseconds(endedAtMs),
    attributes: Object.entries(attributes).map(attribute),
    status: hasFailed ? { code: STATUS_ERROR } : {},
  };
}

export function encodeSpans(spans: readonly Span[], serviceName: string): string {
  const resource = { attributes: [attribute(["service.name", serviceName])] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "rag-personal" }, spans: spans.map(toJson) }] }] });
}
