import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFingerprint, digestText } from "./fingerprint.ts";

function fingerprintOf(texts: readonly string[]): string {
  const fingerprint = createFingerprint();
  for (const text of texts) fingerprint.add(digestText(text));
  return fingerprint.toHex();
}

describe("createFingerprint", () => {
  it("is the same in every order", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        expect(fingerprintOf(texts.toReversed())).toBe(fingerprintOf(texts));
      }),
    );
  });

  it("differs for different texts", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 5 }), ([one = "", ...others]) => {
        for (const other of others) expect(fingerprintOf([one])).not.toBe(fingerprintOf([other]));
      }),
    );
    const seen = new Set(Array.from({ length: 20_000 }, (_, at) => fingerprintOf([`document ${at}`])));
    expect(seen.size).toBe(20_000);
  });

  it("counts equal parts", () => {
    expect(new Set([fingerprintOf([]), fingerprintOf(["a"]), fingerprintOf(["a", "a"])]).size).toBe(3);
    expect(fingerprintOf([])).toBe("0".repeat(16));
  });
});
