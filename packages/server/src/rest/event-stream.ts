/** Server-sent events out of an async iterable, with heartbeats, back-pressure and an end when the reader is gone. */

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

const HEARTBEAT_MS = 15_000;
const encoder = new TextEncoder();

/** JSON has no raw line breaks, so one event is always one `data` line, whatever the text holds. */
const encode = ({ event, data }: ServerEvent): Uint8Array => encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

/**
 * @param events ends the stream when it ends; it must turn its own errors into events.
 * @param onClose called once when the reader is gone or has not read for `writeTimeoutMs`.
 */
export function eventStreamResponse({
  events,
  headers,
  onClose,
  writeTimeoutMs,
}: {
  events: AsyncIterable<ServerEvent>;
  headers: Record<string, string>;
  onClose: () => void;
  writeTimeoutMs: number;
}): Response {
  const iterator = events[Symbol.asyncIterator]();
  let unread: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearInterval(heartbeat);
    clearTimeout(unread);
    onClose();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": keep-alive\n\n"));
      }, HEARTBEAT_MS);
    },
    async pull(controller) {
      clearTimeout(unread);
      const next = await iterator.next();
      if (next.done === true) {
        close();
        controller.close();
        return;
      }
      controller.enqueue(encode(next.value));
      unread = setTimeout(() => {
        close();
        controller.error(new Error("the reader stopped reading"));
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
