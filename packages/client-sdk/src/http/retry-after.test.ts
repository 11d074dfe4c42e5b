import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const NOW = Date.UTC(2026, 7, 1, 12);
const inSeconds = (seconds: number): string => new Date(NOW + seconds * 1_000).toUTCString();

describe("parseRetryAfter", () => {
  it("reads seconds", () => {
    expect(parseRetryAfter("0", null, NOW)).toBe(0);
    expect(parseRetryAfter(" 120 ", null, NOW)).toBe(120);
  });

  it("reads a date against the response's own clock, and this machine's without one", () => {
    expect(parseRetryAfter(inSeconds(90), inSeconds(60), NOW)).toBe(30);
    expect(parseRetryAfter(inSeconds(90), null, NOW)).toBe(90);
    expect(parseRetryAfter(inSeconds(-90), null, NOW)).toBe(0);
  });

  it("does not guess", () => {
    for (const text of [null, "", "soon", "-5", "1.5", "1e3", "Infinity", "99999999999"]) expect(parseRetryAfter(text, null, NOW)).toBeUndefined();
  });

  it("gives whole seconds that are not negative, or nothing, for any header", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, date) => {
        const seconds = parseRetryAfter(value, date, NOW);
        expect(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0)).toBe(true);
      }),
    );
  });
});
