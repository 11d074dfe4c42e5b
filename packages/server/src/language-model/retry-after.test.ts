/** The header in its forms, and what is none. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const NOW = Date.UTC(2026, 0, 1);

describe("parseRetryAfter", () => {
  it("reads seconds and dates alike, up to a day", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), (seconds) => {
        const expected = Math.min(seconds, 86_400);
        expect(parseRetryAfter(String(seconds), NOW)).toBe(expected);
        expect(parseRetryAfter(new Date(NOW + seconds * 1000).toUTCString(), NOW)).toBe(expected);
      }),
    );
  });

  it("makes of anything a whole number of seconds from 0 to a day, or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (header) => {
        const seconds = parseRetryAfter(header, NOW);
        if (seconds === undefined) return;
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(86_400);
      }),
    );
  });

  it.each([null, "", "-5", "soon 7", "1e3", "Infinity", "0x10", "Thu, 99 Foo 2026 00:00:00 GMT", "2026-01-01T00:00:00Z"])(
    "makes nothing of %j",
    (header) => {
      expect(parseRetryAfter(header, NOW)).toBeUndefined();
    },
  );
});
