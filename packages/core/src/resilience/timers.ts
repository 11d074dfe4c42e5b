/** Delayed calls, handed in, so that no deadline depends on a host's timer functions. */

/** A source of one-shot timers. */
export interface Timers {
  /**
   * Calls `fn` once after `delayMs` milliseconds.
   *
   * @returns a function that cancels the call; calling it late or twice does nothing.
   */
  set(delayMs: number, fn: () => void): () => void;
}
