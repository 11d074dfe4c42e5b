/** The window over calls and tokens. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallGrant, CallReservation } from "./call-budget.ts";
import { type CallWindowOptions, createCallWindow } from "./call-window.ts";

const NOBODY = { calls: 0, tokens: 0 };
const { signal } = new AbortController();

function scene(limits: Omit<CallWindowOptions, "clock"> = {}) {
  const time = { ms: 0 };
  const window = createCallWindow({ clock: { monotonic: () => time.ms }, ...limits });
  const take = (tokens = 0, ahead = NOBODY): CallGrant => {
    const grant = window.take({ tokens, ahead, signal });
    if (grant instanceof Promise) throw new Error("a window of one's own answers at once");
    return grant;
  };
  /** Milliseconds to wait; 0 when it was granted. */
  const waitOf = (tokens?: number, ahead?: typeof NOBODY): number => {
    const grant = take(tokens, ahead);
    return grant.isGranted ? 0 : grant.waitMs;
  };
  const reserve = (tokens: number): CallReservation => {
    const grant = take(tokens);
    if (!grant.isGranted) throw new Error(`refused for ${grant.waitMs} ms`);
    return grant.reservation;
  };
  return { time, window, take, waitOf, reserve };
}

describe("createCallWindow", () => {
  it("allows 28 calls a minute unless told otherwise, and counts no tokens", () => {
    const { window, waitOf } = scene();
    expect(window.remaining()).toEqual({ calls: 28, tokens: undefined });
    for (let call = 0; call < 28; call += 1) expect(waitOf(1_000_000)).toBe(0);
    expect(waitOf()).toBe(60_000);
    expect(window.remaining().calls).toBe(0);
  });

  it("counts tokens until enough of them have left the window", () => {
    const { time, window, waitOf } = scene({ tokensPerMinute: 1_000 });
    expect(waitOf(300)).toBe(0);
    time.ms = 10_000;
    expect(waitOf(600)).toBe(0);
    expect(window.remaining()).toEqual({ calls: 26, tokens: 100 });
    expect(waitOf(100)).toBe(0);
    expect(waitOf(300)).toBe(50_000);
    expect(waitOf(301)).toBe(60_000);
    time.ms = 60_000;
    expect(waitOf(300)).toBe(0);
  });

  it("gives back what was estimated too high, and remembers what was estimated too low", () => {
    const { window, reserve, waitOf } = scene({ tokensPerMinute: 1_000 });
    const first = reserve(900);
    first.settle(200);
    expect(window.remaining().tokens).toBe(800);
    reserve(300).settle(950);
    expect(window.remaining().tokens).toBe(0);
    expect(waitOf(1)).toBe(60_000);
  });

  it("gives back a call that was never made, once", () => {
    const { window, reserve } = scene({ perMinute: 2, tokensPerMinute: 100 });
    const kept = reserve(10);
    const cancelled = reserve(20);
    cancelled.cancel();
    cancelled.cancel();
    cancelled.settle(90);
    expect(window.remaining()).toEqual({ calls: 1, tokens: 90 });
    kept.settle(5);
    expect(window.remaining()).toEqual({ calls: 1, tokens: 95 });
  });

  it("lets a call that is larger than the limit pass when no other is in the window", () => {
    const { time, waitOf } = scene({ tokensPerMinute: 1_000 });
    expect(waitOf(5_000)).toBe(0);
    expect(waitOf(1)).toBe(60_000);
    time.ms = 60_000;
    expect(waitOf(1)).toBe(0);
    expect(waitOf(5_000)).toBe(60_000);
  });

  it("leaves room for those who were there before", () => {
    const { window, waitOf } = scene({ perMinute: 3, tokensPerMinute: 1_000 });
    expect(waitOf(100, { calls: 3, tokens: 0 })).toBe(60_000);
    expect(waitOf(100, { calls: 1, tokens: 901 })).toBe(60_000);
    expect(waitOf(100, { calls: 1, tokens: 900 })).toBe(0);
    expect(window.remaining()).toEqual({ calls: 2, tokens: 900 });
  });

  it("counts nothing for somebody who has left", () => {
    const { window } = scene();
    expect(() => window.take({ tokens: 1, ahead: NOBODY, signal: AbortSignal.abort(new Error("left")) })).toThrow("left");
    expect(window.remaining().calls).toBe(28);
  });

  it("is never exceeded in any minute, whatever is settled, and can be used at the time it told", () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 15_000 }), tokens: fc.integer({ min: 1, max: 120 }), used: fc.nat({ max: 120 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 100, max: 300 }), fc.array(step, { maxLength: 60 }), (calls, tokens, steps) => {
        const { time, take } = scene({ perMinute: calls, tokensPerMinute: tokens });
        // What is charged for each call, as an upstream that counts the calls from when they begin would have it.
        const made: { readonly at: number; tokens: number }[] = [];
        const charged = (): number => made.filter(({ at }) => at > time.ms - 60_000).reduce((sum, call) => sum + call.tokens, 0);
        for (const { afterMs, tokens: wanted, used } of steps) {
          time.ms += afterMs;
          let grant = take(wanted);
          if (!grant.isGranted) {
            // No sooner than needed: a millisecond before, there was no room.
            time.ms += grant.waitMs - 1;
            expect(take(wanted).isGranted).toBe(false);
            time.ms += 1;
            grant = take(wanted);
          }
          if (!grant.isGranted) throw new Error("refused at the time that was told");
          const call = { at: time.ms, tokens: Math.min(wanted, tokens) };
          made.push(call);
          expect(made.filter(({ at }) => at > time.ms - 60_000).length).toBeLessThanOrEqual(calls);
          expect(charged()).toBeLessThanOrEqual(tokens);
          const settled = Math.min(used, call.tokens);
          grant.reservation.settle(settled);
          call.tokens = settled;
        }
      }),
    );
  });

  it.each([{ perMinute: 0 }, { perMinute: 2.5 }, { perMinute: Number.NaN }, { tokensPerMinute: 0 }, { tokensPerMinute: -1 }])(
    "refuses %j",
    (limits) => {
      expect(() => scene(limits)).toThrow(RangeError);
    },
  );
});
