/** What every budget of an API key must hold, wherever it is kept. */
import { describe, expect, it } from "vitest";
import type { CreateBudget } from "./operation-budget.ts";

/**
 * Registers the contract's tests.
 *
 * @param make gives what creates the budgets, with nothing spent, for each test anew.
 */
export function operationBudgetContract(name: string, make: () => Promise<CreateBudget>): void {
  describe(`${name} as the budget of an API key`, () => {
    const spendAll = async (budget: ReturnType<CreateBudget>, count: number): Promise<readonly unknown[]> => {
      const outcomes = await Promise.allSettled(Array.from({ length: count }, async () => budget?.spend()));
      return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    };

    it("is none without a limit", async () => {
      expect((await make())("key", { perMinute: undefined, perDay: undefined })).toBeUndefined();
    });

    it("lets exactly the limit pass at once, and tells the others how long to wait", async () => {
      const budget = (await make())("key", { perMinute: 7, perDay: undefined });
      const refusals = await spendAll(budget, 20);
      expect(refusals).toHaveLength(13);
      for (const refusal of refusals) {
        expect(refusal).toMatchObject({ code: "rate_limited", message: "The budget of this API key is spent. Wait, then try again." });
        expect(refusal).toHaveProperty("retryAfterSeconds", expect.toBeOneOf([59, 60, 61]));
      }
    });

    it("takes nothing from the day for what the minute refuses, and tells the longest wait", async () => {
      const create = await make();
      expect(await spendAll(create("key", { perMinute: 2, perDay: 3 }), 10)).toHaveLength(8);
      const strict = create("strict", { perMinute: 10, perDay: 2 });
      const [refusal] = await spendAll(strict, 3);
      expect(Object(refusal).retryAfterSeconds).toBeGreaterThan(86_300);
      expect(Object(refusal).retryAfterSeconds).toBeLessThanOrEqual(86_400 + 1_440);
    });

    it("is each key's own", async () => {
      const create = await make();
      expect(await spendAll(create("one", { perMinute: 1, perDay: undefined }), 2)).toHaveLength(1);
      expect(await spendAll(create("another", { perMinute: 1, perDay: undefined }), 2)).toHaveLength(1);
    });
  });
}
