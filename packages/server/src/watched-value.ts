/** A value of the outside that is looked at again and again, so that whoever wants to know it waits for nothing. */
import type { Timers } from "@rag-personal/core";

export interface WatchedValue<T> {
  /** What the last look saw. */
  current(): T;
  /** Ends the looking. */
  stop(): void;
}

/**
 * Looks at once, and again `everyMs` milliseconds after each look has ended.
 *
 * @param look must end by itself, and must not throw.
 * @param first what is told before the first look has ended.
 */
export function watchValue<T>({
  look,
  first,
  everyMs,
  timers,
}: {
  look: () => Promise<T>;
  first: T;
  everyMs: number;
  timers: Timers;
}): WatchedValue<T> {
  let current = first;
  let isStopped = false;
  let cancel = (): void => {};

  async function lookOn(): Promise<void> {
    current = await look();
    if (!isStopped) cancel = timers.set(everyMs, () => void lookOn());
  }

  void lookOn();
  return {
    current: () => current,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
