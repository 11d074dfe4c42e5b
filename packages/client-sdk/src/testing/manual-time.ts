/** Time that moves only when a test says so. */
import type { Time } from "../time.ts";

/** A {@link Time} to be given to `createClient`, with a hand on it. */
export interface ManualTime extends Time {
  /** Moves time on, running each timer at its moment, and lets what that caused settle. */
  advance(ms: number): Promise<void>;
  /** Timers set and neither run nor cancelled. */
  pending(): number;
}

/** A macrotask: every microtask queued so far, and what they queue, runs before it. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/**
 * Time that stands still at `startMs`, in milliseconds since the epoch.
 *
 * @example
 * ```ts
 * const time = createManualTime();
 * const client = createClient({ baseUrl: "http://rag.test", fetch: createScriptedFetch([silence()]).fetch, time });
 * const answer = client.chat.ask("Is anybody there?", { timeoutMs: 1_000 });
 * await Promise.all([time.advance(1_000), answer.catch((error) => console.log(error.code))]);
 * ```
 */
export function createManualTime(startMs = 1_000_000): ManualTime {
  let now = startMs;
  const waiting = new Set<{ readonly at: number; readonly fn: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    set(delayMs, fn) {
      const entry = { at: now + delayMs, fn };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...waiting].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
        if (due === undefined) break;
        waiting.delete(due);
        now = Math.max(now, due.at);
        due.fn();
        await settle();
      }
      now = end;
    },
    pending: () => [...waiting].filter(({ at }) => Number.isFinite(at)).length,
  };
}
