/** Cooperative pauses for long computations: work is counted, and the caller's pause runs each time enough has been done. */

/** Lets other tasks run; resolves when the computation may go on. */
export type YieldNow = () => Promise<void>;

/** Counts work and says when a pause is due. */
export interface Pacer {
  /**
   * Adds `operations` (inner-loop steps, about a nanosecond each).
   * @returns true when {@link Pacer.pause} should be awaited now.
   */
  spend(operations: number): boolean;
  /** Runs the caller's pause and starts counting anew. */
  pause(): Promise<void>;
}

/** About 4 ms of scalar arithmetic on current hardware: short enough for a responsive server, long enough to cost nothing. */
const OPERATIONS_PER_SLICE = 4_000_000;

/** @param yieldNow what a pause does; without it no pause is ever due. */
export function createPacer(yieldNow?: YieldNow | undefined): Pacer {
  let spent = 0;
  return {
    spend(operations) {
      spent += operations;
      return yieldNow !== undefined && spent >= OPERATIONS_PER_SLICE;
    },
    async pause() {
      spent = 0;
      await yieldNow?.();
    },
  };
}
