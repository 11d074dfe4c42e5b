/** The delays between attempts to connect. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reconnectDelayMs } from "./driver.ts";

describe("reconnectDelayMs", () => {
  it("grows from 25 ms, differs by chance, and never exceeds half a second", () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => reconnectDelayMs(attempt, () => 0))).toEqual([25, 50, 100, 200, 250, 250]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
        const delay = reconnectDelayMs(attempt, () => chance);
        expect(delay).toBeGreaterThanOrEqual(25);
        expect(delay).toBeLessThanOrEqual(500);
      }),
    );
  });
});
