/** The queue before a window: who is served, in which order, and who is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { type CallBudgetOptions, type CallReservation, type CallWindow, createCallBudget } from "./call-budget.ts";
import { createCallWindow } from "./call-window.ts";

interface Limits extends Partial<Pick<CallBudgetOptions, "maxWaitMs" | "maxWaiting" | "window">> {
  readonly perMinute?: number;
  readonly tokensPerMinute?: number;
}

/** A budget whose calls are named, and what became of each, in order. */
function scene({ perMinute = 2, tokensPerMinute, window, ...queue }: Limits = {}) {
  const time = createFakeTime(0);
  const { clock, timers } = time;
  const budget = createCallBudget({ window: window ?? createCallWindow({ clock, perMinute, tokensPerMinute }), clock, timers, ...queue });
  const events: string[] = [];
  const reservations = new Map<string, CallReservation>();
  const errors = new Map<string, unknown>();
  const ask = (name: string, { tokens = 1, signal = new AbortController().signal } = {}): void => {
    budget.reserve(tokens, signal).then(
      (reservation) => {
        reservations.set(name, reservation);
        events.push(`${name} at ${clock.monotonic() / 1_000}`);
      },
      (error: unknown) => {
        errors.set(name, error);
        events.push(`${name} refused at ${clock.monotonic() / 1_000}`);
      },
    );
  };
  const reservationOf = (name: string): CallReservation => {
    const found = reservations.get(name);
    if (found === undefined) throw new Error(`${name} has no reservation`);
    return found;
  };
  return { time, budget, events, errors, ask, reservationOf };
}

/** A window that answers only when the test says so. */
function slowWindow() {
  const asked: ReturnType<typeof Promise.withResolvers<boolean>>[] = [];
  let taken = 0;
  const window: CallWindow = {
    async take() {
      const answer = Promise.withResolvers<boolean>();
      asked.push(answer);
      if (!(await answer.promise)) return { isGranted: false, waitMs: 1_000 };
      taken += 1;
      return {
        isGranted: true,
        reservation: {
          settle() {},
          cancel() {
            taken -= 1;
          },
        },
      };
    },
    remaining: () => ({ calls: 1, tokens: undefined }),
  };
  return { window, answer: (isGranted: boolean) => asked.shift()?.resolve(isGranted), taken: () => taken };
}

describe("createCallBudget", () => {
  it("refuses at once, with the time to wait, unless told how long callers may wait", async () => {
    const { time, events, errors, ask, budget } = scene();
    for (const name of ["a", "b", "c"]) ask(name);
    await time.advance(0);
    expect(events).toEqual(["a at 0", "b at 0", "c refused at 0"]);
    expect(errors.get("c")).toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
    expect(budget.waiting()).toBe(0);
    expect(time.pending()).toBe(0);
  });

  it("lets a caller wait that is known to be served in time, and refuses one that is not", async () => {
    const { time, events, errors, ask, budget } = scene({ maxWaitMs: 5_000 });
    ask("a");
    await time.advance(1_000);
    ask("b");
    await time.advance(53_999);
    ask("too soon");
    await time.advance(1);
    ask("c");
    await time.advance(0);
    expect(budget.waiting()).toBe(1);
    await time.advance(5_000);
    expect(events).toEqual(["a at 0", "b at 1", "too soon refused at 54.999", "c at 60"]);
    expect(errors.get("too soon")).toMatchObject({ retryAfterSeconds: 6 });
    expect(budget.waiting()).toBe(0);
    expect(time.pending()).toBe(0);
  });

  it("serves those who wait in the order in which they came", async () => {
    const { time, events, ask } = scene({ maxWaitMs: 10_000, perMinute: 3 });
    for (const name of ["a", "b", "c"]) {
      ask(name);
      await time.advance(1_000);
    }
    await time.advance(54_000);
    for (const name of ["d", "e", "f", "g"]) ask(name);
    await time.advance(10_000);
    // For the fourth in the queue there is no room before another minute has passed.
    expect(events.slice(3)).toEqual(["g refused at 57", "d at 60", "e at 61", "f at 62"]);
  });

  it("lets no small call pass a large one that waits", async () => {
    const { time, events, ask } = scene({ maxWaitMs: 10_000, perMinute: 100, tokensPerMinute: 1_000 });
    ask("half", { tokens: 500 });
    await time.advance(2_000);
    ask("rest", { tokens: 400 });
    await time.advance(50_000);
    ask("large", { tokens: 600 });
    // 100 are free, but the one before it needs them as well.
    ask("small", { tokens: 100 });
    ask("tiny", { tokens: 1 });
    await time.advance(10_000);
    expect(events.slice(2)).toEqual(["large at 60", "small at 62", "tiny at 62"]);
  });

  it("lets no more wait than there is room for", async () => {
    const { time, events, errors, ask } = scene({ maxWaitMs: 60_000, maxWaiting: 1 });
    for (const name of ["a", "b", "c", "d"]) ask(name);
    await time.advance(60_000);
    expect(events).toEqual(["a at 0", "b at 0", "d refused at 0", "c at 60"]);
    expect(errors.get("d")).toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
  });

  it("lets somebody go who leaves, at once, and serves the next in time", async () => {
    const { time, events, errors, ask, budget } = scene({ maxWaitMs: 60_000, perMinute: 1 });
    const client = new AbortController();
    ask("a");
    await time.advance(10_000);
    ask("b", { signal: client.signal });
    await time.advance(0);
    client.abort(new Error("left"));
    expect(budget.waiting()).toBe(0);
    ask("c");
    await time.advance(50_000);
    expect(events).toEqual(["a at 0", "b refused at 10", "c at 60"]);
    expect(errors.get("b")).toMatchObject({ message: "left" });
  });

  it("gives what was granted to somebody who has left meanwhile to the next", async () => {
    const { window, answer, taken } = slowWindow();
    const { time, events, ask, budget } = scene({ maxWaitMs: 60_000, window });
    const client = new AbortController();
    ask("a", { signal: client.signal });
    ask("b");
    for (let time = 0; time < 2; time += 1) answer(false);
    await time.advance(1_000);
    client.abort(new Error("left"));
    answer(true);
    await time.advance(0);
    expect(taken()).toBe(0);
    answer(true);
    await time.advance(0);
    expect(taken()).toBe(1);
    expect(events).toEqual(["a refused at 1", "b at 1"]);
    expect(budget.waiting()).toBe(0);
  });

  it("reserves nothing for a caller who left while the window was asked", async () => {
    const { window, answer, taken } = slowWindow();
    const { time, errors, ask } = scene({ window });
    const client = new AbortController();
    ask("a", { signal: client.signal });
    client.abort(new Error("left"));
    answer(true);
    await time.advance(0);
    expect(errors.get("a")).toMatchObject({ message: "left" });
    expect(taken()).toBe(0);
  });

  it("refuses somebody whose turn others have taken, as soon as it is known", async () => {
    const { window, answer } = slowWindow();
    const { time, events, ask } = scene({ maxWaitMs: 1_500, window });
    ask("a");
    answer(false);
    await time.advance(1_000);
    answer(false);
    await time.advance(0);
    expect(events).toEqual(["a refused at 1"]);
  });

  it("passes on what the window throws, and goes on with the next", async () => {
    let isBroken = false;
    const refused = { isGranted: false, waitMs: 1_000 } as const;
    const window: CallWindow = {
      take() {
        if (!isBroken) return refused;
        isBroken = false;
        throw new Error("a mistake");
      },
      remaining: () => ({ calls: 0, tokens: 0 }),
    };
    const { time, events, errors, ask, budget } = scene({ maxWaitMs: 1_900, window });
    ask("a");
    ask("b");
    isBroken = true;
    await time.advance(1_000);
    expect(errors.get("a")).toMatchObject({ message: "a mistake" });
    expect(events).toEqual(["a refused at 1", "b refused at 1"]);
    expect(budget.waiting()).toBe(0);
  });

  it("serves the next as soon as a call gives back what it did not need, or was never made", async () => {
    const { time, events, ask, reservationOf } = scene({ maxWaitMs: 60_000, perMinute: 2, tokensPerMinute: 1_000 });
    ask("a", { tokens: 900 });
    ask("b", { tokens: 300 });
    ask("c", { tokens: 10 });
    await time.advance(2_000);
    reservationOf("a").settle(500);
    await time.advance(1_000);
    expect(events).toEqual(["a at 0", "b at 2"]);
    reservationOf("a").cancel();
    await time.advance(0);
    expect(events).toEqual(["a at 0", "b at 2", "c at 3"]);
  });

  it("never lets more pass than the window holds, keeps the order, and forgets nobody", async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 9_000 }),
      tokens: fc.integer({ min: 1, max: 60 }),
      does: fc.constantFrom("ask", "ask", "ask", "leave", "settle"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ perMinute: fc.integer({ min: 1, max: 4 }), tokensPerMinute: fc.integer({ min: 60, max: 150 }) }),
        fc.record({ maxWaitMs: fc.integer({ min: 0, max: 60_000 }), maxWaiting: fc.integer({ min: 0, max: 5 }) }),
        fc.array(step, { maxLength: 40 }),
        async (limits, queue, steps) => {
          const time = createFakeTime(0);
          const { clock, timers } = time;
          const budget = createCallBudget({ window: createCallWindow({ clock, ...limits }), clock, timers, ...queue });
          const granted: { readonly order: number; readonly at: number; readonly reservation: CallReservation; tokens: number }[] = [];
          const waiting: { readonly order: number; readonly since: number; readonly client: AbortController }[] = [];
          const settled = new Set<number>();
          const pending: Promise<void>[] = [];
          for (const [order, { afterMs, tokens, does }] of steps.entries()) {
            await time.advance(afterMs);
            if (does === "ask") {
              const client = new AbortController();
              const since = clock.monotonic();
              waiting.push({ order, since, client });
              const finish = (): void => {
                settled.add(order);
                expect(clock.monotonic() - since).toBeLessThanOrEqual(queue.maxWaitMs);
                waiting.splice(
                  waiting.findIndex((each) => each.order === order),
                  1,
                );
              };
              const outcome = budget.reserve(tokens, client.signal).then(
                (reservation) => {
                  // Nobody who still waits was there before.
                  expect(waiting.every((each) => each.order >= order)).toBe(true);
                  granted.push({ order, at: clock.monotonic(), reservation, tokens });
                  finish();
                },
                () => finish(),
              );
              pending.push(outcome);
            }
            if (does === "leave") waiting.at(-1)?.client.abort(new Error("left"));
            const last = granted.at(-1);
            if (does === "settle" && last !== undefined && tokens <= last.tokens) {
              last.reservation.settle(tokens);
              last.tokens = tokens;
            }
            await time.advance(0);
            expect(budget.waiting()).toBeLessThanOrEqual(queue.maxWaiting);
            const inWindow = granted.filter(({ at }) => at > clock.monotonic() - 60_000);
            expect(inWindow.length).toBeLessThanOrEqual(limits.perMinute);
            expect(inWindow.reduce((sum, call) => sum + call.tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute);
          }
          await time.advance(queue.maxWaitMs);
          await Promise.all(pending);
          expect(settled.size).toBe(pending.length);
          expect(budget.waiting()).toBe(0);
          expect(time.pending()).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([{ maxWaitMs: -1 }, { maxWaitMs: Number.NaN }, { maxWaiting: -1 }])("refuses %j", (options) => {
    expect(() => scene(options)).toThrow(RangeError);
  });
});
