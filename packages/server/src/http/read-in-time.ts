/** A stream of events that ends when nobody reads it any more, and when the server stops. */
import { RagError } from "@rag-personal/core";
import { serverIsStopping } from "./stopping.ts";

export interface ReadInTimeOptions {
  /** How long an event may stay unread. */
  readonly timeoutMs: number;
  /** Ends the connection, which a reader who takes nothing keeps open else. */
  readonly cut: () => void;
  /** Aborted when the server cuts its streams: the reader is told to ask again. */
  readonly stopping: AbortSignal | undefined;
}

/**
 * Suspended between two events, the source would hold what it has taken, such as a place in front of the model, for as long as a reader
 * likes.
 *
 * @throws RagError `not_ready` when the server stops, `request_timeout` when an event was left unread for too long.
 */
export async function* readInTime<Event>(events: AsyncIterable<Event>, { timeoutMs, cut, stopping }: ReadInTimeOptions): AsyncGenerator<Event, void> {
  const iterator = events[Symbol.asyncIterator]();
  const stopped = Promise.withResolvers<never>();
  // Nobody may be waiting for it when it is rejected.
  stopped.promise.catch(() => {});
  const stop = (): void => stopped.reject(serverIsStopping());
  if (stopping?.aborted === true) stop();
  else stopping?.addEventListener("abort", stop, { once: true });
  let isUnread = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stopped.promise]).catch((thrown: unknown) => {
        throw stopping?.aborted === true ? serverIsStopping() : thrown;
      });
      if (next.done === true) return;
      timer = setTimeout(() => {
        isUnread = true;
        void iterator.return?.();
        cut();
      }, timeoutMs);
      yield next.value;
      clearTimeout(timer);
      if (isUnread) throw new RagError("request_timeout", `The stream was left unread for ${timeoutMs} ms.`);
    }
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener("abort", stop);
    // A source that hangs ends by the caller's signal; nobody waits for it.
    void iterator.return?.();
  }
}
