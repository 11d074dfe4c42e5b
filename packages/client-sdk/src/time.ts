/** Time and delayed calls, handed in, so that tests decide when they pass. */

/** Two clocks and one-shot timers. */
export interface Time {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds, for measuring and for deadlines. */
  monotonic(): number;
  /**
   * Calls `fn` once after `delayMs` milliseconds.
   *
   * @returns a function that cancels the call; calling it late or twice does nothing.
   */
  set(delayMs: number, fn: () => void): () => void;
}

/** The longest delay a host's timers know, about 25 days; they would run a longer one at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** The host's own. */
export const systemTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  set(delayMs, fn) {
    if (delayMs > LONGEST_DELAY_MS) return () => {};
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};
