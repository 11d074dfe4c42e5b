/** Sends spans to a collector by OTLP over HTTP, and costs nothing when there is none. */
import type { Clock, Timers } from "@rag-personal/core";
import { createStateLog } from "../../state-log.ts";
import type { Span } from "../../tracing/span.ts";
import { encodeSpans } from "./otlp-json.ts";

export interface SpanExporterOptions {
  /** Address of the collector; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly fetch: typeof fetch;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Spans that wait at most; more are dropped. Default 2,048. */
  readonly maxWaiting?: number;
}

export interface SpanExporter {
  /** Returns at once. */
  send(spans: readonly Span[]): void;
  /** Sends what waits, if the collector takes it soon, and nothing afterwards. */
  close(): Promise<void>;
}

const GATHER_MS = 1_000;
const MAX_BATCH = 512;
const TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** After a failure the collector is left alone for so long, doubled each time. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
const QUIET_MS = 60_000;

/** What a collector does not take is dropped and counted: a trace is not worth keeping a server busy with. */
export function createSpanExporter({ maxWaiting = 2_048, ...options }: SpanExporterOptions): SpanExporter {
  const { timers, log } = options;
  const waiting: Span[] = [];
  let dropped = 0;
  let pauseMs = 0;
  let cancelTimer: (() => void) | undefined;
  let sending: Promise<void> | undefined;
  let isClosed = false;
  const stateLog = createStateLog<"taken" | "refused">({
    clock: options.clock,
    timers,
    quietMs: QUIET_MS,
    isUrgent: () => false,
    write: (state, reason) =>
      state === "taken"
        ? log.info({ dropped }, "traces are sent")
        : log.warn({ reason, dropped }, "traces cannot be sent; they are dropped meanwhile"),
  });

  async function post(spans: readonly Span[], timeoutMs: number): Promise<void> {
    const abort = new AbortController();
    const cancel = timers.set(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      const response = await options.fetch(`${options.endpoint}/v1/traces`, {
        method: "POST",
        headers: { ...options.headers, "content-type": "application/json" },
        body: encodeSpans(spans, options.serviceName),
        redirect: "error",
        signal: abort.signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`status ${response.status}`);
      pauseMs = 0;
      stateLog.observe("taken");
    } catch (error) {
      dropped += spans.length;
      pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * pauseMs));
      stateLog.observe(
        "refused",
        error instanceof Error ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ""}` : String(error),
      );
    } finally {
      cancel();
    }
  }

  function sendLater(): void {
    if (isClosed || waiting.length === 0 || sending !== undefined) return;
    cancelTimer ??= timers.set(Math.max(GATHER_MS, pauseMs), () => {
      cancelTimer = undefined;
      sending = post(waiting.splice(0, MAX_BATCH), TIMEOUT_MS).finally(() => {
        sending = undefined;
        sendLater();
      });
    });
  }

  return {
    send(spans) {
      if (isClosed) return;
      if (waiting.length + spans.length > maxWaiting) dropped += spans.length;
      else waiting.push(...spans);
      sendLater();
    },
    async close() {
      isClosed = true;
      cancelTimer?.();
      await sending;
      if (pauseMs === 0 && waiting.length > 0) await post(waiting.splice(0), CLOSE_TIMEOUT_MS);
      stateLog.stop();
    },
  };
}
