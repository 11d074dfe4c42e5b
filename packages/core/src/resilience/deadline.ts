/** Deadlines for a stream: until its first item, between items, and for the whole. */
import type { Timers } from "./timers.ts";

/**
 * Which limit was passed. `reader` is the total limit running out while the consumer, not the producer, was
 * the one being waited for: it says nothing about the producer's health.
 */
export type StreamTimeout = "first" | "idle" | "total" | "reader";

/** Options of {@link streamWithDeadlines}; all durations in milliseconds. */
export interface StreamDeadlineOptions {
  readonly timers: Timers;
  readonly firstMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
  readonly signal: AbortSignal;
  readonly timeoutError: (which: StreamTimeout) => Error;
}

/**
 * Iterates over `open(signal)` and gives up when a limit passes, even if the producer ignores its signal.
 * The time a consumer takes over an item counts towards the total alone. However the iteration ends, the
 * producer's signal is aborted, so that nothing keeps running behind it.
 *
 * @throws the error of `timeoutError`, the reason of `signal`, or what the producer throws.
 */
export async function* streamWithDeadlines<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  options: StreamDeadlineOptions,
): AsyncGenerator<T, void, undefined> {
  const { timers, signal } = options;
  signal.throwIfAborted();
  const controller = new AbortController();
  const stopped = Promise.withResolvers<never>();
  // Nobody may be racing against it at the moment it rejects.
  stopped.promise.catch(() => undefined);
  const stop = (reason: unknown) => {
    stopped.reject(reason);
    controller.abort(reason);
  };
  let waitingForProducer = true;
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const cancelTotal = timers.set(options.totalMs, () => stop(options.timeoutError(waitingForProducer ? "total" : "reader")));
  let iterator: AsyncIterator<T> | undefined;
  try {
    iterator = open(controller.signal)[Symbol.asyncIterator]();
    let limit: "first" | "idle" = "first";
    for (;;) {
      const which = limit;
      const cancelLimit = timers.set(which === "first" ? options.firstMs : options.idleMs, () => stop(options.timeoutError(which)));
      waitingForProducer = true;
      let item: IteratorResult<T>;
      try {
        item = await Promise.race([stopped.promise, iterator.next()]);
      } finally {
        cancelLimit();
      }
      if (item.done === true) return;
      waitingForProducer = false;
      yield item.value;
      limit = "idle";
    }
  } finally {
    cancelTotal();
    signal.removeEventListener("abort", onAbort);
    controller.abort();
    // Not awaited: a producer that ignores its signal must not hold the consumer.
    iterator?.return?.().then(undefined, () => undefined);
  }
}
