/** Waiting for what a server shows, with a bound. */
import { setTimeout as delay } from "node:timers/promises";

/** How often a condition is looked at while something is timed. */
const POLL_MS = 10;

/**
 * Looks again and again until `condition` holds.
 *
 * @param fromMs the moment on the monotonic clock from which the time counts.
 * @returns the milliseconds it took, give or take one look, or undefined when it did not hold within `withinMs`.
 */
export async function timeUntil(condition: () => Promise<boolean>, fromMs: number, withinMs: number): Promise<number | undefined> {
  while (performance.now() - fromMs <= withinMs) {
    if (await condition()) return performance.now() - fromMs;
    await delay(POLL_MS);
  }
  return undefined;
}
