import { RagError } from "@rag-personal/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operationBudgetContract } from "./operation-budget.contract.ts";
import { type BudgetLimits, createOperationBudget } from "./operation-budget.ts";

operationBudgetContract("a budget in memory", async () => (_, limits) => createOperationBudget(limits, () => 30_000));

function createScene(limits: BudgetLimits) {
  const time = { ms: 0 };
  const budget = createOperationBudget(limits, () => time.ms);
  /** Seconds to wait; 0 when it was spent. */
  const spend = (): number => {
    try {
      void budget?.spend();
      return 0;
    } catch (error) {
      if (error instanceof RagError && error.code === "rate_limited") return error.retryAfterSeconds ?? Number.NaN;
      throw error;
    }
  };
  return { time, budget, spend };
}

describe("operation budget", () => {
  it("is none without a limit", () => {
    expect(createScene({ perMinute: undefined, perDay: undefined }).budget).toBeUndefined();
  });

  it("ends with the limit, and tells when it goes on", () => {
    const { spend, time } = createScene({ perMinute: 2, perDay: undefined });
    expect([spend(), spend(), spend()]).toEqual([0, 0, 61]);
    time.ms = 30_500;
    expect(spend()).toBe(31);
    time.ms = 61_000;
    expect([spend(), spend()]).toEqual([0, 0]);
    expect(spend()).toBeGreaterThan(0);
  });

  it("holds for the day too, and a refused minute costs nothing of it", () => {
    const { spend, time } = createScene({ perMinute: 2, perDay: 3 });
    for (let attempt = 0; attempt < 10; attempt += 1) spend();
    time.ms = 61_000;
    expect([spend(), spend()]).toEqual([0, 86_400 + 1_440 - 61]);
  });

  it("is never exceeded in any minute, and never refused when there is room in a minute and a second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }), (limit, gaps) => {
        const { spend, time } = createScene({ perMinute: limit, perDay: undefined });
        const spent: number[] = [];
        for (const gap of gaps) {
          time.ms += gap;
          const within = (ms: number): number => spent.filter((at) => at > time.ms - ms).length;
          const waitSeconds = spend();
          if (waitSeconds === 0) {
            expect(within(60_000)).toBeLessThan(limit);
            spent.push(time.ms);
          } else {
            expect(within(61_000)).toBeGreaterThanOrEqual(limit);
          }
        }
      }),
    );
  });

  it("can be spent at the time it told", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 30 }), (limit, gaps) => {
        const { spend, time } = createScene({ perMinute: limit, perDay: undefined });
        let waitSeconds = 0;
        for (const gap of gaps) {
          time.ms += gap;
          waitSeconds = spend();
        }
        time.ms += waitSeconds * 1_000;
        if (waitSeconds > 0) expect(spend()).toBe(0);
      }),
    );
  });
});
