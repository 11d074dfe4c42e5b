/** Time that moves only when a test says so. */
import type { Clock } from "../src/ports.ts";
import type { Timers } from "../src/resilience/timers.ts";

export interface FakeTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Moves time on, running each timer at its moment, and lets what they caused settle. */
  advance(ms: number): Promise<void>;
  /** Timers set and neither run nor cancelled. */
  pending(): number;
}

/** Time that stands still at `startMs`. */
export function createFakeTime(startMs = 1_000_000): FakeTime {
  let now = startMs;
  const waiting = new Set<{ readonly at: number; readonly fn: () => void }>();

  async function settle(): Promise<void> {
    // A macrotask: every microtask queued so far, and what they queue, runs before it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    clock: { now: () => now, monotonic: () => now },
    timers: {
      set(delayMs, fn) {
        const entry = { at: now + delayMs, fn };
        waiting.add(entry);
        return () => void waiting.delete(entry);
      },
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        waiting.delete(due);
        now = Math.max(now, due.at);
        due.fn();
        await settle();
      }
      now = end;
    },
    pending: () => waiting.size,
  };
}
