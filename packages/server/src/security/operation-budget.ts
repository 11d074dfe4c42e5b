/** How many operations a key may have within a minute and within a day, over windows that slide. */
import { RagError } from "@rag-personal/core";
import type { Budget } from "../policy.ts";

export interface BudgetLimits {
  readonly perMinute: number | undefined;
  readonly perDay: number | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A window is counted in so many slices: a thousand requests then take no more memory than one. */
const SLICES = 60;

/** Undefined without a limit. */
export function createOperationBudget({ perMinute, perDay }: BudgetLimits, monotonic: () => number): Budget | undefined {
  const windows = [
    ...(perMinute === undefined ? [] : [createWindow(perMinute, MINUTE_MS)]),
    ...(perDay === undefined ? [] : [createWindow(perDay, DAY_MS)]),
  ];
  if (windows.length === 0) return undefined;
  return {
    spend() {
      const now = monotonic();
      // All are asked before one is spent, so that a refusal costs nothing.
      const waitMs = Math.max(...windows.map((window) => window.waitMs(now)));
      if (waitMs > 0) {
        throw new RagError("rate_limited", "The budget of this API key is spent. Wait, then try again.", {
          retryAfterSeconds: Math.ceil(waitMs / 1_000),
        });
      }
      for (const window of windows) window.count(now);
    },
  };
}

/**
 * Never lets more than `limit` happen within any `lengthMs`: a slice counts until all of it has left the window, so that one sixtieth
 * of the window more may pass before its operations are given back.
 */
function createWindow(limit: number, lengthMs: number) {
  const sliceMs = lengthMs / SLICES;
  /** Oldest first, none of them empty. */
  let slices: { readonly number: number; readonly count: number }[] = [];
  const leavesAt = (number: number): number => (number + SLICES + 1) * sliceMs;
  return {
    /** Until one more is allowed; 0 for now. */
    waitMs(now: number): number {
      slices = slices.filter(({ number }) => leavesAt(number) > now);
      const total = slices.reduce((sum, { count }) => sum + count, 0);
      const [oldest] = slices;
      return oldest === undefined || total < limit ? 0 : leavesAt(oldest.number) - now;
    },
    count(now: number): void {
      const number = Math.floor(now / sliceMs);
      const last = slices.at(-1);
      if (last?.number === number) slices = [...slices.slice(0, -1), { number, count: last.count + 1 }];
      else slices = [...slices, { number, count: 1 }];
    },
  };
}
