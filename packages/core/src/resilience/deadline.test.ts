/** Deadlines of streams, under fake time. */
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { streamWithDeadlines } from "./deadline.ts";

const LIMITS = { firstMs: 100, idleMs: 50, totalMs: 1_000 };

/** A producer that yields one item after each delay; `Infinity` is silence for ever. It ignores its signal. */
function scene(delays: readonly number[], limits: Partial<typeof LIMITS> = {}) {
  const time = createFakeTime();
  const controller = new AbortController();
  let producerSignal: AbortSignal | undefined;
  async function* produce(signal: AbortSignal): AsyncGenerator<number> {
    producerSignal = signal;
    for (const [index, delayMs] of delays.entries()) {
      await new Promise<void>((resolve) => {
        if (delayMs !== Number.POSITIVE_INFINITY) time.timers.set(delayMs, resolve);
      });
      yield index;
    }
  }
  const stream = streamWithDeadlines(produce, {
    ...LIMITS,
    ...limits,
    timers: time.timers,
    signal: controller.signal,
    timeoutError: (which) => new Error(`${which} time-out`),
  });
  const collected: number[] = [];
  const outcome = (async () => {
    try {
      for await (const item of stream) collected.push(item);
      return "ended";
    } catch (error) {
      return error;
    }
  })();
  return { time, controller, stream, collected, outcome, producerSignal: () => producerSignal };
}

describe("streamWithDeadlines", () => {
  it("passes on every item of a producer that keeps within the limits, and leaves no timer", async () => {
    const { time, outcome, collected } = scene([99, 49, 49]);
    await time.advance(200);
    expect(await outcome).toBe("ended");
    expect(collected).toEqual([0, 1, 2]);
    expect(time.pending()).toBe(0);
  });

  it.each([
    ["first", [101], {}, 100, []],
    ["first", [Number.POSITIVE_INFINITY], {}, 100, []],
    ["idle", [10, 51], {}, 60, [0]],
    ["total", [40, 40, 40], { totalMs: 100 }, 100, [0, 1]],
  ] as const)("gives up at the %s limit of a producer with delays %j", async (which, delays, limits, afterMs, items) => {
    const { time, outcome, collected, producerSignal } = scene(delays, limits);
    await time.advance(afterMs - 1);
    expect(producerSignal()?.aborted).toBe(false);
    await time.advance(1);
    expect(await outcome).toEqual(new Error(`${which} time-out`));
    expect(collected).toEqual(items);
    expect(producerSignal()?.aborted).toBe(true);
  });

  it("does not count the consumer's time as the producer's pause, but blames the reader for the total", async () => {
    const time = createFakeTime();
    const stream = streamWithDeadlines(
      async function* () {
        yield 1;
        yield 2;
        yield 3;
      },
      { ...LIMITS, timers: time.timers, signal: new AbortController().signal, timeoutError: (which) => new Error(which) },
    );
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await time.advance(500);
    expect(await stream.next()).toEqual({ done: false, value: 2 });
    await time.advance(500);
    await expect(stream.next()).rejects.toThrow("reader");
  });

  it("ends with the caller's reason when the caller aborts, though the producer does not listen", async () => {
    const { time, controller, outcome, producerSignal } = scene([10, Number.POSITIVE_INFINITY]);
    await time.advance(20);
    const reason = new Error("left");
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    expect(producerSignal()?.reason).toBe(reason);
    expect(time.pending()).toBe(0);
  });

  it("does not start a producer for a caller who has left", async () => {
    let isStarted = false;
    const stream = streamWithDeadlines(
      async function* () {
        isStarted = true;
        yield 1;
      },
      { ...LIMITS, timers: createFakeTime().timers, signal: AbortSignal.abort(new Error("left")), timeoutError: (which) => new Error(which) },
    );
    await expect(stream.next()).rejects.toThrow("left");
    expect(isStarted).toBe(false);
  });

  it("aborts the producer when the consumer breaks off", async () => {
    let signal: AbortSignal | undefined;
    const time = createFakeTime();
    const stream = streamWithDeadlines(
      async function* (inner) {
        signal = inner;
        yield 1;
        yield 2;
      },
      { ...LIMITS, timers: time.timers, signal: new AbortController().signal, timeoutError: (which) => new Error(which) },
    );
    for await (const _ of stream) break;
    expect(signal?.aborted).toBe(true);
    expect(time.pending()).toBe(0);
  });

  it("throws what the producer throws", async () => {
    const stream = streamWithDeadlines(
      async function* (): AsyncGenerator<number> {
        yield 1;
        throw new Error("broken");
      },
      { ...LIMITS, timers: createFakeTime().timers, signal: new AbortController().signal, timeoutError: (which) => new Error(which) },
    );
    await stream.next();
    await expect(stream.next()).rejects.toThrow("broken");
  });
});
