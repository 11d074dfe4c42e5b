/** How many operations a key may have within a minute and within a day, over windows that slide. */
import { RagError } from "@rag-personal/core";
import type { Budget } from "../policy.ts";

export interface BudgetLimits {
  readonly perMinute: number | undefined;
  readonly perDay: number | undefined;
}

/** Makes the budget of a key, or none when it has no limit. @param id of the key; replicas that share budgets share those of one id. */
export type CreateBudget = (id: string, limits: BudgetLimits) => Budget | undefined;

/** A limit within a window that slides. */
export interface LimitedWindow {
  readonly limit: number;
  readonly lengthMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A window is counted in so many slices: a thousand requests then take no more memory than one. */
export const SLICES = 60;

/** The windows that limits mean; none without a limit. */
export function limitedWindows({ perMinute, perDay }: BudgetLimits): readonly LimitedWindow[] {
  return [
    ...(perMinute === undefined ? [] : [{ limit: perMinute, lengthMs: MINUTE_MS }]),
    ...(perDay === undefined ? [] : [{ limit: perDay, lengthMs: DAY_MS }]),
  ];
}

/** The refusal of an operation. @param waitMs until the next one is allowed. */
export function operationsSpent(waitMs: number): RagError {
  return new RagError("rate_limited", "The budget of this API key is spent. Wait, then try again.", { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}

/** Undefined without a limit. */
export function createOperationBudget(limits: BudgetLimits, monotonic: () => number): Budget | undefined {
  const windows = limitedWindows(limits).map(({ limit, lengthMs }) => createOperationWindow(() => limit, lengthMs));
  if (windows.length === 0) return undefined;
  return {
    spend() {
      const now = monotonic();
      // All are asked before one is spent, so that a refusal costs nothing.
      const waitMs = Math.max(...windows.map((window) => window.waitMs(now)));
      if (waitMs > 0) throw operationsSpent(waitMs);
      for (const window of windows) window.count(now);
    },
  };
}

/** Operations within a window, counted in slices. */
export interface OperationWindow {
  /** Milliseconds until one more is allowed; 0 for now. */
  waitMs(now: number): number;
  count(now: number): void;
  /** What was counted and is still inside, the oldest first, and nothing of it is any more. */
  takeAll(now: number): readonly { readonly ageMs: number; readonly count: number }[];
}

/**
 * Never lets more than `limit` happen within any `lengthMs`: a slice counts until all of it has left the window, so that one sixtieth
 * of the window more may pass before its operations are given back.
 */
export function createOperationWindow(limit: () => number, lengthMs: number): OperationWindow {
  const sliceMs = lengthMs / SLICES;
  /** Oldest first, none of them empty. */
  let slices: { readonly number: number; readonly count: number }[] = [];
  const leavesAt = (number: number): number => (number + SLICES + 1) * sliceMs;
  return {
    waitMs(now) {
      slices = slices.filter(({ number }) => leavesAt(number) > now);
      const total = slices.reduce((sum, { count }) => sum + count, 0);
      const [oldest] = slices;
      if (total < limit()) return 0;
      // Where there is no room at all, there may be some when the window has passed.
      return oldest === undefined ? lengthMs : leavesAt(oldest.number) - now;
    },
    takeAll(now) {
      const taken = slices.filter(({ number }) => leavesAt(number) > now).map(({ number, count }) => ({ ageMs: now - number * sliceMs, count }));
      slices = [];
      return taken;
    },
    count(now) {
      const number = Math.floor(now / sliceMs);
      const last = slices.at(-1);
      if (last?.number === number) slices = [...slices.slice(0, -1), { number, count: last.count + 1 }];
      else slices = [...slices, { number, count: 1 }];
    },
  };
}
