/** A sliding-window budget of calls per minute, kept below what the upstream allows. */
import { RagError } from "../errors.ts";
import type { Clock } from "../ports.ts";

const WINDOW_MS = 60_000;

/** Options of {@link createRequestBudget}. */
export interface RequestBudgetOptions {
  /** Calls allowed within any 60 seconds. Default 28: two below a free tier of 30, for clocks that disagree. */
  readonly perMinute?: number;
  readonly clock: Pick<Clock, "monotonic">;
}

export interface RequestBudget {
  /**
   * Spends one call.
   *
   * @throws RagError `rate_limited` with the seconds until the oldest call leaves the window.
   */
  spend(): void;
  /** Calls left at this moment. */
  remaining(): number;
}

/**
 * Creates a budget of which nothing is spent.
 *
 * @throws RangeError when `perMinute` is not a whole number of at least 1.
 */
export function createRequestBudget(options: RequestBudgetOptions): RequestBudget {
  const { clock } = options;
  const perMinute = options.perMinute ?? 28;
  if (!Number.isInteger(perMinute) || perMinute < 1) throw new RangeError(`perMinute must be a whole number of at least 1, not ${perMinute}`);
  let spentAt: number[] = [];

  function forgetOld(now: number): void {
    const firstInside = spentAt.findIndex((at) => at > now - WINDOW_MS);
    if (firstInside === -1) spentAt = [];
    else if (firstInside > 0) spentAt = spentAt.slice(firstInside);
  }

  return {
    spend() {
      const now = clock.monotonic();
      forgetOld(now);
      const oldest = spentAt[0];
      if (oldest !== undefined && spentAt.length >= perMinute) {
        throw new RagError("rate_limited", "The language model's requests for this minute are used up. Try again shortly.", {
          retryAfterSeconds: Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000)),
        });
      }
      spentAt.push(now);
    },
    remaining() {
      forgetOld(clock.monotonic());
      return perMinute - spentAt.length;
    },
  };
}
