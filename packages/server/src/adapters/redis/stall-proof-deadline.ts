/** A deadline that tells a server's silence from a stall of our own machine. */
import type { Timers } from "@rag-personal/core";

const TICKS = 4;

/**
 * Calls `onExpiry` after `afterMs` milliseconds, counted in four ticks one after the other. Whatever holds up this process (a garbage
 * collection, a virtual machine that is not given its processor) makes one of them late and counts for that one alone: what the server
 * answered meanwhile is read before the next is over.
 *
 * @returns a function that ends it.
 */
export function setStallProofDeadline(timers: Timers, afterMs: number, onExpiry: () => void): () => void {
  let ticks = 0;
  let cancel = timers.set(afterMs / TICKS, tick);
  function tick(): void {
    ticks += 1;
    if (ticks === TICKS) onExpiry();
    else cancel = timers.set(afterMs / TICKS, tick);
  }
  return () => cancel();
}
