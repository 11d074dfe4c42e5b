/** How much replicas spend together while they cannot ask each other, and while they return. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Amount, type BudgetLedger, createBudgetLedger } from "./budget-ledger.ts";

const WINDOW_MS = 60_000;
const REPLICA_TTL_MS = 10_000;
const INFINITE = Number.POSITIVE_INFINITY;

interface Replica {
  readonly ledger: BudgetLedger;
  isConnected: boolean;
}

/** Replicas around a shared window that does what the script in Redis does, and can go away and lose everything. */
function scene(limits: Amount, count: number) {
  let now = 0;
  let ids = 0;
  const shared = new Map<string, { readonly at: number; readonly tokens: number }>();
  const heardAt = new Map<Replica, number>();
  const made = new Map<string, { readonly at: number; tokens: number }>();
  const replicas = Array.from({ length: count }, (): Replica => {
    const options = { limits, windowMs: WINDOW_MS, expectedReplicas: count, replicaTtlMs: REPLICA_TTL_MS, now: () => now };
    return { ledger: createBudgetLedger(options), isConnected: true };
  });
  const inWindow = (calls: Iterable<{ readonly at: number; readonly tokens: number }>): Amount => {
    const inside = [...calls].filter(({ at }) => at > now - WINDOW_MS);
    return { calls: inside.length, tokens: inside.reduce((sum, { tokens }) => sum + tokens, 0) };
  };
  const fits = (used: Amount, tokens: number): boolean => used.calls < limits.calls && used.tokens + tokens <= limits.tokens;

  /** What one step through Redis does; undefined asks for no call. */
  function ask(replica: Replica, tokens: number | undefined): string | undefined {
    const { ledger } = replica;
    const reports = ledger.unreported();
    const heardWithin = ledger.settlingForMs() ?? REPLICA_TTL_MS;
    for (const report of reports) {
      if (report.tokens === undefined) shared.delete(report.id);
      else shared.set(report.id, { at: shared.get(report.id)?.at ?? now - report.ageMs, tokens: report.tokens });
    }
    heardAt.set(replica, now);
    ids += 1;
    const id = `call ${ids}`;
    const isGranted = tokens !== undefined && fits(inWindow(shared.values()), tokens);
    if (isGranted) {
      shared.set(id, { at: now, tokens });
      ledger.addShared(id, tokens);
    }
    const heard = (withinMs: number): number => [...heardAt.values()].filter((at) => at >= now - withinMs).length;
    ledger.learn({ used: inWindow(shared.values()), replicas: heard(REPLICA_TTL_MS), heard: heard(heardWithin) }, reports);
    return isGranted ? id : undefined;
  }

  function take(replica: Replica, tokens: number): string | undefined {
    const { ledger, isConnected } = replica;
    let id: string | undefined;
    const isAlone = !isConnected || ledger.settlingForMs() !== undefined;
    if (isAlone && ledger.waitAlone({ calls: 1, tokens }) > 0) return undefined;
    if (isConnected) id = ask(replica, tokens);
    else {
      ids += 1;
      id = `call ${ids}`;
      ledger.addAlone(id, tokens);
    }
    if (id !== undefined) made.set(id, { at: now, tokens });
    return id;
  }

  return {
    replicas,
    take,
    used: () => inWindow(made.values()),
    /** What a call took in truth. */
    settle(replica: Replica, id: string, tokens: number): void {
      replica.ledger.settle(id, tokens);
      const call = made.get(id);
      if (call !== undefined) call.tokens = tokens;
    },
    wait(ms: number): void {
      now += ms;
    },
    /** Everybody who can hears what all have spent, as they do each second. */
    listen(): void {
      for (let time = 0; time < 2; time += 1) for (const replica of replicas) if (replica.isConnected) ask(replica, undefined);
    },
    goAway(losesAll: boolean): void {
      for (const replica of replicas) replica.isConnected = false;
      if (losesAll) for (const memory of [shared, heardAt]) memory.clear();
    },
    comeBack(replica: Replica): void {
      replica.isConnected = true;
      replica.ledger.returned();
      ask(replica, undefined);
    },
  };
}

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("one was expected");
  return item;
}

describe("createBudgetLedger", () => {
  it("gives a single replica the whole budget, and says when the next call fits", () => {
    const { replicas, take, goAway, wait } = scene({ calls: 2, tokens: 1_000 }, 1);
    const replica = only(replicas);
    goAway(false);
    expect(replica.ledger.remaining(true)).toEqual({ calls: 2, tokens: 1_000 });
    expect(take(replica, 300)).toBeDefined();
    wait(20_000);
    expect(take(replica, 300)).toBeDefined();
    expect(replica.ledger.remaining(true)).toEqual({ calls: 0, tokens: 400 });
    expect(replica.ledger.waitAlone({ calls: 1, tokens: 1 })).toBe(40_000);
    expect(replica.ledger.waitAlone({ calls: 1, tokens: 701 })).toBe(60_000);
    wait(40_000);
    expect(take(replica, 700)).toBeDefined();
    expect(replica.ledger.waitAlone({ calls: 1, tokens: 1 })).toBe(20_000);
  });

  it("leaves what others have spent out of its part, for a whole window", () => {
    const { replicas, take, listen, goAway, wait } = scene({ calls: 10, tokens: INFINITE }, 2);
    const [busy, idle] = replicas;
    if (busy === undefined || idle === undefined) throw new Error("two replicas were expected");
    for (let call = 0; call < 10; call += 1) take(busy, 0);
    listen();
    goAway(false);
    expect(idle.ledger.remaining(false).calls).toBe(0);
    expect(idle.ledger.waitAlone({ calls: 1, tokens: 0 })).toBe(60_000);
    wait(WINDOW_MS);
    expect(idle.ledger.remaining(true).calls).toBe(5);
  });

  it("gives a call back that was never made, and a part of the tokens, here and in the shared window", () => {
    const { replicas, take, listen, settle } = scene({ calls: 3, tokens: 1_000 }, 2);
    const [one, another] = replicas;
    if (one === undefined || another === undefined) throw new Error("two replicas were expected");
    const kept = take(one, 500) ?? "";
    const cancelled = take(one, 400) ?? "";
    settle(one, kept, 120);
    one.ledger.cancel(cancelled);
    expect(one.ledger.remaining(false)).toEqual({ calls: 2, tokens: 880 });
    listen();
    expect(another.ledger.remaining(false)).toEqual({ calls: 2, tokens: 880 });
  });

  it("keeps to its part after a return until the others have been heard of, and no longer than they may live unheard", () => {
    const { replicas, take, goAway, comeBack, wait, listen } = scene({ calls: 10, tokens: INFINITE }, 2);
    const [early, late] = replicas;
    if (early === undefined || late === undefined) throw new Error("two replicas were expected");
    listen();
    goAway(true);
    comeBack(early);
    const spent = (): number => Array.from({ length: 12 }, () => take(early, 0)).filter((id) => id !== undefined).length;
    expect(spent()).toBe(5);
    wait(REPLICA_TTL_MS - 1);
    listen();
    expect(spent()).toBe(0);
    wait(1);
    listen();
    expect(spent()).toBe(5);
  });

  it("lets replicas pass the limits by less than their number, while Redis comes and goes and loses its data", () => {
    const step = fc.record({
      replica: fc.nat({ max: 4 }),
      afterMs: fc.integer({ min: 0, max: 6_000 }),
      tokens: fc.integer({ min: 1, max: 40 }),
      used: fc.nat({ max: 40 }),
      does: fc.oneof(
        { weight: 10, arbitrary: fc.constant("take" as const) },
        { weight: 2, arbitrary: fc.constant("away" as const) },
        { weight: 1, arbitrary: fc.constant("lost" as const) },
        { weight: 4, arbitrary: fc.constant("back" as const) },
      ),
    });
    fc.assert(
      fc.property(
        fc.record({ calls: fc.integer({ min: 1, max: 20 }), tokens: fc.integer({ min: 40, max: 200 }) }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 100 }),
        (limits, count, steps) => {
          const { replicas, take, used, settle, wait, listen, goAway, comeBack } = scene(limits, count);
          for (const { replica: number, afterMs, tokens, used: inTruth, does } of steps) {
            // Whoever is connected is heard of each second; the steps between are shorter than it takes to be given up for gone.
            wait(afterMs);
            listen();
            const replica = replicas[number % count];
            if (replica === undefined) throw new Error("there is one for each");
            if (does === "away" || does === "lost") goAway(does === "lost");
            // They return one after the other, within the time that they are reckoned with.
            if (does === "back") {
              for (const each of replicas.filter(({ isConnected }) => !isConnected)) {
                take(replica, tokens);
                comeBack(each);
                take(each, tokens);
                wait(500);
              }
            }
            const id = take(replica, tokens);
            expect(used().calls).toBeLessThan(limits.calls + count);
            expect(used().tokens).toBeLessThan(limits.tokens + count);
            if (id !== undefined) settle(replica, id, Math.min(inTruth, tokens));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
