import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPlaces } from "./places.ts";

describe("places", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("are given out at once while some are free", async () => {
    const places = createPlaces(2);
    expect(await places.take(0)).toBeTypeOf("function");
    expect(await places.take(0)).toBeTypeOf("function");
  });

  it("go to those who wait in the order of asking", async () => {
    const places = createPlaces(1);
    const release = await places.take(0);
    const served: string[] = [];
    const waiting = ["first", "second"].map((name) =>
      places.take(1_000).then((next) => {
        served.push(name);
        next?.();
      }),
    );
    release?.();
    await Promise.all(waiting);
    expect(served).toEqual(["first", "second"]);
  });

  it("are not had by somebody who waited too long, nor lost with him", async () => {
    const places = createPlaces(1);
    const release = await places.take(0);
    const impatient = places.take(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(await impatient).toBeUndefined();
    release?.();
    expect(await places.take(0)).toBeTypeOf("function");
  });

  it("are refused to all who wait when they are sent away, and not lost with them", async () => {
    const places = createPlaces(1);
    const release = await places.take(0);
    const waiting = [places.take(60_000), places.take(60_000)];
    places.sendAway();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(vi.getTimerCount()).toBe(0);
    release?.();
    expect(await places.take(0)).toBeTypeOf("function");
  });

  it("are given back once, however often that is said", async () => {
    const places = createPlaces(1);
    const release = await places.take(0);
    release?.();
    release?.();
    await places.take(0);
    const second = places.take(10);
    await vi.advanceTimersByTimeAsync(10);
    expect(await second).toBeUndefined();
  });

  it("are idle once the last is back and nobody waits", async () => {
    const places = createPlaces(1);
    await places.idle();
    const release = await places.take(0);
    const next = places.take(1_000);
    let isIdle = false;
    const idle = places.idle().then(() => {
      isIdle = true;
    });
    release?.();
    (
      await next.then((last) => {
        expect(isIdle).toBe(false);
        return last;
      })
    )?.();
    await idle;
    expect(isIdle).toBe(true);
  });
});
