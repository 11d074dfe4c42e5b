/** The real time of this process, as core wants it handed in. */
import type { Clock, Timers } from "@rag-personal/core";

export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
export const timers: Timers = {
  set(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Lets waiting requests run. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
