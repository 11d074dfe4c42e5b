import { describe, expect, it } from "vitest";
import { createRecentCopy } from "./recent-copy.ts";

/** A store of one word whose answers come when the test lets them, with a clock and a timer that it moves. */
function createScene() {
  const time = { ms: 0 };
  const store = { word: "first", reads: 0, isDown: false };
  let gate: Promise<void> = Promise.resolve();
  let ring: () => void = () => {};
  const copy = createRecentCopy({
    async load() {
      store.reads += 1;
      const { word, isDown } = store;
      await gate;
      if (isDown) throw new Error("away");
      return word;
    },
    monotonic: () => time.ms,
    timers: {
      set(_, fn) {
        ring = fn;
        return () => {};
      },
    },
  });
  return {
    copy,
    time,
    store,
    hang(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    loseThePatience: () => ring(),
  };
}

/** Lets what is pending come about. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("recent copy", () => {
  it("is read once for all who ask at once, and not again while it is young", async () => {
    const { copy, time, store } = createScene();
    expect(await Promise.all([copy.get(), copy.get(), copy.get()])).toEqual(["first", "first", "first"]);
    time.ms = 2_499;
    await copy.get();
    await settle();
    expect(store.reads).toBe(1);
  });

  it("is never used at five seconds of age", async () => {
    const { copy, time, store } = createScene();
    await copy.get();
    store.word = "second";
    time.ms = 4_999;
    expect(await copy.get()).toBe("first");
    time.ms = 5_000;
    expect(await copy.get()).toBe("second");
  });

  it("is renewed beside the request from half of that age on", async () => {
    const { copy, time, store } = createScene();
    await copy.get();
    store.word = "second";
    time.ms = 2_500;
    expect(await copy.get()).toBe("first");
    await settle();
    expect(await copy.get()).toBe("second");
  });

  it("outlives the store, and is renewed when that is back", async () => {
    const { copy, time, store } = createScene();
    await copy.get();
    Object.assign(store, { isDown: true, word: "second" });
    for (time.ms = 5_000; time.ms < 60_000; time.ms += 5_000) expect(await copy.get()).toBe("first");
    await settle();
    store.isDown = false;
    await copy.get();
    await settle();
    expect(await copy.get()).toBe("second");
  });

  it("makes one request wait for a store that hangs, and none after it", async () => {
    const { copy, time, loseThePatience, hang } = createScene();
    await copy.get();
    hang();
    time.ms = 5_000;
    const waiting = copy.get();
    loseThePatience();
    expect(await waiting).toBe("first");
    expect(await copy.get()).toBe("first");
  });

  it("throws the store's error as long as nothing is known", async () => {
    const { copy, store } = createScene();
    store.isDown = true;
    await expect(copy.get()).rejects.toThrow("away");
    store.isDown = false;
    expect(await copy.get()).toBe("first");
  });

  it("keeps a change made here, also from a reading that was begun before it", async () => {
    const { copy, time, store, hang } = createScene();
    await copy.get();
    const answer = hang();
    time.ms = 5_000;
    const waiting = copy.get();
    store.word = "changed";
    copy.change(() => "changed");
    answer();
    expect(await waiting).toBe("changed");
    expect(store.reads).toBe(3);
  });
});
