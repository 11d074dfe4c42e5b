/** How much replicas spend together while they cannot ask each other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BudgetLedger, createBudgetLedger } from "./budget-ledger.ts";

const WINDOW_MS = 60_000;

function scene(limit: number, replicas: number) {
  let now = 0;
  let ids = 0;
  const passed: number[] = [];
  const ledgers = Array.from({ length: replicas }, () =>
    createBudgetLedger({ limit, windowMs: WINDOW_MS, expectedReplicas: replicas, now: () => now }),
  );
  const inWindow = () => passed.filter((at) => at > now - WINDOW_MS).length;
  const pass = (grant: (id: string) => void): unknown => {
    ids += 1;
    try {
      grant(`call ${ids}`);
    } catch (error) {
      return error;
    }
    passed.push(now);
    return undefined;
  };
  return {
    ledgers,
    passed,
    wait: (ms: number) => {
      now += ms;
    },
    /** Everybody hears what all have spent. */
    share(): void {
      for (const ledger of ledgers)
        ledger.learn(
          { used: inWindow(), replicas },
          ledger.unshared().map(({ id }) => id),
        );
    },
    spendShared: (ledger: BudgetLedger) => (inWindow() < limit ? pass((id) => ledger.addShared(id)) : undefined),
    spendAlone: (ledger: BudgetLedger) => pass((id) => ledger.spendAlone(id)),
  };
}

describe("createBudgetLedger", () => {
  it("gives a single replica the whole budget, and says when the next call is free", () => {
    const { ledgers, spendAlone, wait } = scene(2, 1);
    const [ledger] = ledgers;
    if (ledger === undefined) throw new Error("one ledger was expected");
    expect(ledger.remaining(true)).toBe(2);
    expect(spendAlone(ledger)).toBeUndefined();
    wait(20_000);
    expect(spendAlone(ledger)).toBeUndefined();
    expect(ledger.remaining(true)).toBe(0);
    expect(spendAlone(ledger)).toMatchObject({ code: "rate_limited", retryAfterSeconds: 40 });
    wait(40_000);
    expect(spendAlone(ledger)).toBeUndefined();
    expect(spendAlone(ledger)).toMatchObject({ retryAfterSeconds: 20 });
  });

  it("leaves what others have spent out of its part, for a whole window", () => {
    const { ledgers, spendShared, spendAlone, share, wait } = scene(10, 2);
    const [busy, idle] = ledgers;
    if (busy === undefined || idle === undefined) throw new Error("two ledgers were expected");
    for (let call = 0; call < 10; call += 1) spendShared(busy);
    share();
    expect(idle.remaining(false)).toBe(0);
    expect(spendAlone(idle)).toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
    wait(WINDOW_MS);
    expect(idle.remaining(true)).toBe(5);
  });

  it("lets replicas that are cut off together pass the limit by less than their number", () => {
    const steps = fc.array(fc.record({ replica: fc.nat({ max: 4 }), waitMs: fc.integer({ min: 0, max: 15_000 }) }), { maxLength: 80 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 5 }), steps, steps, (limit, replicas, before, after) => {
        const { ledgers, passed, spendShared, spendAlone, share, wait } = scene(limit, replicas);
        const ledgerOf = (replica: number): BudgetLedger => {
          const ledger = ledgers[replica % replicas];
          if (ledger === undefined) throw new Error("there is one for each");
          return ledger;
        };
        for (const { replica, waitMs } of before) {
          wait(waitMs);
          spendShared(ledgerOf(replica));
        }
        share();
        for (const { replica, waitMs } of after) {
          wait(waitMs);
          spendAlone(ledgerOf(replica));
        }
        for (const at of passed) {
          expect(passed.filter((other) => other > at - WINDOW_MS && other <= at).length).toBeLessThan(limit + replicas);
        }
      }),
    );
  });
});
