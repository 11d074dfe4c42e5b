import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../../../core/test-support/fake-time.ts";
import { setStallProofDeadline } from "./stall-proof-deadline.ts";

describe("a deadline that a stall does not use up", () => {
  it("is over after its time", async () => {
    const time = createFakeTime();
    let isOver = false;
    setStallProofDeadline(time.timers, 200, () => {
      isOver = true;
    });
    await time.advance(199);
    expect(isOver).toBe(false);
    await time.advance(1);
    expect(isOver).toBe(true);
    expect(time.pending()).toBe(0);
  });

  it.each([0, 60, 199])("is never over when it is ended after %d ms", async (endedAfterMs) => {
    const time = createFakeTime();
    const end = setStallProofDeadline(time.timers, 200, () => expect.unreachable());
    await time.advance(endedAfterMs);
    end();
    expect(time.pending()).toBe(0);
    await time.advance(1_000);
  });

  it("counts a stall of the process as one tick, however long, and leaves time to read what came meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const timers = {
      set(delayMs: number, fn: () => void) {
        const timer = setTimeout(fn, delayMs);
        return () => clearTimeout(timer);
      },
    };
    const startedAt = performance.now();
    setStallProofDeadline(timers, 200, () => resolve(performance.now()));
    while (performance.now() - startedAt < 400);
    const stalledUntil = performance.now();
    // Three ticks are left; a plain timer of 200 ms would run out at once.
    expect((await promise) - stalledUntil).toBeGreaterThanOrEqual(145);
  });
});
