/** Traces of requests that go through the answer pipeline: a span for the request, and one for each step. */
import type { Clock, OnStage } from "@rag-personal/core";
import type { Span } from "./span.ts";
import { parseTraceParent } from "./trace-parent.ts";

export interface Tracing {
  /** @param traceparent the header of the caller, whose trace is gone on with. */
  begin(request: { readonly requestId: string; readonly traceparent: string | undefined }): RequestTrace;
}

export interface RequestTrace {
  readonly onStage: OnStage;
  /** The answer has gone out, or its reader has left. Nothing is told of a request that had no step. */
  end(result: { readonly method: string; readonly route: string; readonly status: number }): void;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const FIRST_FAILURE = 500;

/** @param newId that many random bytes in hexadecimal. */
export function createTracing({
  send,
  clock,
  newId,
}: {
  send: (spans: readonly Span[]) => void;
  clock: Clock;
  newId: (bytes: number) => string;
}): Tracing {
  return {
    begin({ requestId, traceparent }) {
      const parent = parseTraceParent(traceparent);
      const isRecorded = parent?.isSampled ?? true;
      const ids = { traceId: parent?.traceId ?? newId(TRACE_ID_BYTES), spanId: newId(SPAN_ID_BYTES) };
      // Steps are timed by a clock that never jumps; where it stands on the wall is asked once.
      const wallMinusMonotonic = clock.now() - clock.monotonic();
      const beganAtMs = clock.monotonic();
      const steps: Span[] = [];
      return {
        onStage(stage, stageBeganAtMs, stageEndedAtMs, hasFailed) {
          if (!isRecorded) return;
          steps.push({
            traceId: ids.traceId,
            spanId: newId(SPAN_ID_BYTES),
            parentSpanId: ids.spanId,
            name: stage,
            kind: "internal",
            beganAtMs: stageBeganAtMs + wallMinusMonotonic,
            endedAtMs: stageEndedAtMs + wallMinusMonotonic,
            hasFailed,
            attributes: {},
          });
        },
        end({ method, route, status }) {
          if (steps.length === 0) return;
          const request: Span = {
            ...ids,
            parentSpanId: parent?.spanId,
            name: `${method} ${route}`,
            kind: "server",
            beganAtMs: beganAtMs + wallMinusMonotonic,
            endedAtMs: clock.monotonic() + wallMinusMonotonic,
            hasFailed: status >= FIRST_FAILURE,
            attributes: { "http.request.method": method, "http.route": route, "http.response.status_code": status, "rag.request_id": requestId },
          };
          send([request, ...steps]);
        },
      };
    },
  };
}
