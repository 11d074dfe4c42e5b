import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, decodeTimedCursor, encodeCursor, encodeTimedCursor } from "./cursor.ts";

describe("a cursor", () => {
  it("stands for any position, and can stand in an address as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (position) => {
        const cursor = encodeCursor(position);
        expect(decodeCursor(cursor)).toBe(position);
        expect(encodeURIComponent(cursor)).toBe(cursor);
      }),
    );
  });

  it.each(["+", "a", "YQ==", "_w", "notes/a.md", "\ud800"])("that nobody gave is refused: %j", (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});

describe("a cursor of a list by time", () => {
  it("stands for any time and id", () => {
    const positions = fc.record({
      atMs: fc.nat({ max: 8_640_000_000_000_000 }),
      id: fc.string({ unit: "binary", minLength: 1 }),
    });
    fc.assert(
      fc.property(positions, (position) => {
        expect(decodeTimedCursor(encodeTimedCursor(position))).toEqual(position);
      }),
    );
  });

  it.each(["", "a.md", "12", "12 ", "-1 a", "1.5 a", "01 a", "1e3 a", "8640000000000001 a", "99999999999999999 a"])(
    "that nobody gave is refused: %j",
    (position) => {
      expect(() => decodeTimedCursor(encodeCursor(position))).toThrow(expect.objectContaining({ code: "invalid_request" }));
    },
  );
});
