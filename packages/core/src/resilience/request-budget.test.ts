/** The budget of calls per minute. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRequestBudget } from "./request-budget.ts";

/** A budget, and the times at which it let a call pass. */
function scene(perMinute?: number) {
  let now = 0;
  const passed: number[] = [];
  const budget = createRequestBudget({ clock: { monotonic: () => now }, ...(perMinute === undefined ? {} : { perMinute }) });
  return {
    budget,
    passed,
    wait: (ms: number) => {
      now += ms;
    },
    trySpend(): unknown {
      try {
        budget.spend();
      } catch (error) {
        return error;
      }
      passed.push(now);
      return undefined;
    },
  };
}

describe("createRequestBudget", () => {
  it("allows 28 calls a minute unless told otherwise", () => {
    const { budget, trySpend } = scene();
    expect(budget.remaining()).toBe(28);
    for (let call = 0; call < 28; call += 1) expect(trySpend()).toBeUndefined();
    expect(budget.remaining()).toBe(0);
    expect(trySpend()).toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
  });

  it("says when the oldest call leaves the window, and then has room for one", () => {
    const { budget, trySpend, wait } = scene(2);
    trySpend();
    wait(20_000);
    trySpend();
    wait(500);
    expect(trySpend()).toMatchObject({ retryAfterSeconds: 40 });
    wait(39_500);
    expect(budget.remaining()).toBe(1);
    expect(trySpend()).toBeUndefined();
    expect(trySpend()).toMatchObject({ retryAfterSeconds: 20 });
  });

  it("never lets more pass within any minute, and always lets one pass after the time it named", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }), (perMinute, waits) => {
        const { passed, trySpend, wait } = scene(perMinute);
        for (const ms of waits) {
          wait(ms);
          const refused = trySpend();
          if (refused === undefined) continue;
          expect(refused).toHaveProperty("retryAfterSeconds");
          wait(Number(Object(refused).retryAfterSeconds) * 1000);
          expect(trySpend()).toBeUndefined();
        }
        for (const at of passed) expect(passed.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(perMinute);
      }),
    );
  });

  it.each([0, -1, 2.5, Number.NaN])("refuses a budget of %d", (perMinute) => {
    expect(() => scene(perMinute)).toThrow(RangeError);
  });
});
