import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { RagError } from "../errors.ts";
import { createRetryLoop } from "./retry-loop.ts";

const PAUSE_MS = 250;

/** A loop over a store, and how often it was tried; a held run ends when it is told to. */
function loopOver() {
  const time = createFakeTime();
  const store = { isAway: false, held: undefined as PromiseWithResolvers<void> | undefined };
  let runs = 0;
  const loop = createRetryLoop({
    async run() {
      runs += 1;
      const isAway = store.isAway;
      await store.held?.promise;
      if (isAway) throw new RagError("store_unavailable", "away");
    },
    onLateCheck: () => {},
    timers: time.timers,
    clock: time.clock,
    log: () => {},
  });
  return { time, store, loop, runs: () => runs };
}

describe("a loop that is told that what failed is back", () => {
  it("goes on at once, and not after its pause", async () => {
    const { time, store, loop, runs } = loopOver();
    store.isAway = true;
    loop.trigger();
    await time.advance(PAUSE_MS / 2);
    expect(runs()).toBe(1);
    store.isAway = false;
    loop.hurry();
    await time.advance(0);
    expect([runs(), loop.problem()]).toEqual([2, undefined]);
    await loop.stop();
    expect(time.pending()).toBe(0);
  });

  it("follows a run that had begun before, and fails, by another at once", async () => {
    const { time, store, loop, runs } = loopOver();
    store.isAway = true;
    store.held = Promise.withResolvers();
    loop.trigger();
    await time.advance(0);
    store.isAway = false;
    loop.hurry();
    store.held.resolve();
    await time.advance(0);
    expect([runs(), loop.problem()]).toEqual([2, undefined]);
    await loop.stop();
  });

  it("pauses again when it is not back after all", async () => {
    const { time, store, loop, runs } = loopOver();
    store.isAway = true;
    loop.trigger();
    await time.advance(0);
    loop.hurry();
    await time.advance(PAUSE_MS - 1);
    expect(runs()).toBe(2);
    await time.advance(1);
    expect(runs()).toBe(3);
    await loop.stop();
  });

  it("repeats other work at once, too", async () => {
    const { time, store, loop } = loopOver();
    store.isAway = true;
    let attempts = 0;
    const done = loop.untilItWorks(async () => {
      attempts += 1;
      if (store.isAway) throw new RagError("store_unavailable", "away");
      return "done";
    }, new AbortController().signal);
    await time.advance(0);
    store.isAway = false;
    loop.hurry();
    await time.advance(0);
    expect([attempts, await Promise.race([done, "still waiting"])]).toEqual([2, "done"]);
    await loop.stop();
  });

  it("begins nothing where nothing waits", async () => {
    const { time, loop, runs } = loopOver();
    loop.hurry();
    await time.advance(PAUSE_MS);
    expect(runs()).toBe(0);
  });
});
