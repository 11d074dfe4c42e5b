import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonDepth } from "./read-body.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("jsonDepth", () => {
  it("agrees with the parsed value, whatever brackets stand in strings", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonDepth(JSON.stringify(value))).toBe(depthOf(value));
      }),
    );
  });

  it("measures a hundred thousand levels without recursion", () => {
    expect(jsonDepth("[".repeat(100_000))).toBe(100_000);
  });

  it("is not fooled by escaped quotes", () => {
    expect(jsonDepth(String.raw`{"a\"[[[[":"\\"}`)).toBe(1);
  });
});
