import { describe, expect, it } from "vitest";
import { systemTime } from "./time.ts";

describe("the host's time", () => {
  it("never runs a delay too long for the host's timers, which would run it at once", async () => {
    let ran = "";
    const cancel = [Number.POSITIVE_INFINITY, 2 ** 31].map((delayMs) => systemTime.set(delayMs, () => (ran += "too early ")));
    await new Promise<void>((resolve) => systemTime.set(5, resolve));
    for (const each of cancel) each();
    expect(ran).toBe("");
  });

  it("forgets a cancelled delay", async () => {
    let ran = false;
    systemTime.set(0, () => {
      ran = true;
    })();
    await new Promise<void>((resolve) => systemTime.set(5, resolve));
    expect(ran).toBe(false);
  });

  it("measures forwards", () => {
    const before = systemTime.monotonic();
    expect(systemTime.monotonic()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemTime.now() - Date.now())).toBeLessThan(1_000);
  });
});
