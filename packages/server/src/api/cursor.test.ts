import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

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
