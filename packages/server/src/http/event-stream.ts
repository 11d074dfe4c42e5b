/** Server-sent events out of an async iterable, with heartbeats, back-pressure and an end when the reader is gone or the server stops. */
import type { RagError } from "@rag-personal/core";
import { toProblem } from "./problem.ts";
import { serverIsStopping } from "./stopping.ts";

export interface ServerEvent {
  /** Absent: an event without a name. */
  readonly event?: string;
  readonly data: unknown;
  /** `data` is one line of text, to be sent as it is rather than as JSON. */
  readonly isText?: boolean;
}

const HEARTBEAT_MS = 15_000;
const encoder = new TextEncoder();

/** JSON has no raw line breaks, so one event is always one `data` line, whatever the text holds. */
function encode({ event, data, isText = false }: ServerEvent, retryMs?: number): Uint8Array {
  const name = event === undefined ? "" : `event: ${event}\n`;
  const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n`;
  return encoder.encode(`${name}${retry}data: ${isText ? data : JSON.stringify(data)}\n\n`);
}

interface Stopping {
  readonly signal: AbortSignal | undefined;
  readonly requestId: string;
  /** How the transport tells an error. Default: as a problem document. */
  readonly toEvent?: (error: RagError, requestId: string) => ServerEvent;
}

/** The last event of a stream that the server cuts: it tells the reader to ask again, and when. */
function lastEvent({ requestId, toEvent }: Stopping): Uint8Array {
  const error = serverIsStopping();
  return encode(toEvent?.(error, requestId) ?? { event: "error", data: toProblem(error, requestId) }, (error.retryAfterSeconds ?? 0) * 1_000);
}

/**
 * @param events ends the stream when it ends; it must turn its own errors into events.
 * @param onUnread called when the reader has not read for `writeTimeoutMs`; true when it has ended the connection.
 * @param onClose called once when the reader is gone or has not read for `writeTimeoutMs`, when the server stops, and at the end.
 * @param stopping aborted when the server cuts its streams; the reader gets an `error` event with `retry` then.
 */
export function eventStreamResponse({
  events,
  headers,
  onClose,
  onUnread,
  writeTimeoutMs,
  stopping,
}: {
  events: AsyncIterable<ServerEvent>;
  headers: Record<string, string>;
  onClose: () => void;
  onUnread: () => boolean;
  writeTimeoutMs: number;
  stopping?: Stopping;
}): Response {
  const iterator = events[Symbol.asyncIterator]();
  let unread: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let isClosed = false;
  let onStopping = (): void => {};
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    clearInterval(heartbeat);
    clearTimeout(unread);
    stopping?.signal?.removeEventListener("abort", onStopping);
    onClose();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": keep-alive\n\n"));
      }, HEARTBEAT_MS);
      if (stopping === undefined) return;
      onStopping = () => {
        controller.enqueue(lastEvent(stopping));
        controller.close();
        close();
        // The source may hang, and is told by `onClose`; nobody waits for it.
        void iterator.return?.();
      };
      if (stopping.signal?.aborted === true) onStopping();
      else stopping.signal?.addEventListener("abort", onStopping);
    },
    async pull(controller) {
      clearTimeout(unread);
      let next: IteratorResult<ServerEvent>;
      try {
        next = await iterator.next();
      } catch (error) {
        close();
        throw error;
      }
      if (isClosed) return;
      if (next.done === true) {
        close();
        controller.close();
        return;
      }
      controller.enqueue(encode(next.value));
      unread = setTimeout(() => {
        close();
        // An error in the stream of a connection would be printed by the HTTP library, with its stack.
        if (!onUnread()) controller.error(new Error("the reader stopped reading"));
        // Suspended between two events it would hold what it has taken, such as a place in front of the model, for ever.
        void iterator.return?.();
      }, writeTimeoutMs);
    },
    async cancel() {
      close();
      await iterator.return?.();
    },
  });
  return new Response(body, {
    headers: {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    },
  });
}
