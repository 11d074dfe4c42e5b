import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areNearDuplicates, readWording, sketchShingles } from "./near-duplicates.ts";

function shingled(terms: readonly number[]) {
  const words = Uint32Array.from(terms);
  return { words, decisive: 0, sketch: sketchShingles(words) };
}

/** Jaccard overlap of runs of three terms. */
function overlapOf(left: readonly number[], right: readonly number[]): number {
  const shingles = (terms: readonly number[]) => new Set(terms.slice(2).map((term, at) => `${terms[at]} ${terms[at + 1]} ${term}`));
  const [ours, theirs] = [shingles(left), shingles(right)];
  const shared = [...ours].filter((shingle) => theirs.has(shingle)).length;
  return shared / (ours.size + theirs.size - shared);
}

describe("areNearDuplicates", () => {
  it("recognises a text of the same terms, and no empty one", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (terms) => {
        expect(areNearDuplicates(shingled(terms), shingled([...terms]))).toBe(true);
      }),
    );
    expect(areNearDuplicates(shingled([]), shingled([]))).toBe(false);
  });

  it("never takes texts for near-duplicates that share less than nine tenths of their shingles", () => {
    const edits = fc.array(fc.record({ at: fc.nat(199), term: fc.nat(5000) }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(100_000), { minLength: 200, maxLength: 200 }), edits, (terms, changes) => {
        const edited = [...terms];
        for (const { at, term } of changes) edited[at] = term;
        if (areNearDuplicates(shingled(terms), shingled(edited))) expect(overlapOf(terms, edited)).toBeGreaterThanOrEqual(0.9);
      }),
    );
  });

  it("sees through the change of a single word in a long text", () => {
    const terms = Array.from({ length: 300 }, (_, index) => (index * 7919) % 10_007);
    const edited = terms.with(150, 1);
    expect(overlapOf(terms, edited)).toBeGreaterThan(0.95);
    expect(areNearDuplicates(shingled(terms), shingled(edited))).toBe(true);
  });

  const areSame = (left: string, right: string): boolean => areNearDuplicates(readWording(left), readWording(right));
  const filler = Array.from({ length: 200 }, (_, at) => "abcdefghij".charAt(at % 10) + "klmnopq".charAt(at % 7) + "rstuvwxyz".charAt(at % 9)).join(
    " ",
  );

  it("keeps what is allowed apart from what is not, in a short text and a long one", () => {
    expect(areSame("Smoking is allowed on the balcony.", "Smoking is not allowed on the balcony.")).toBe(false);
    expect(areSame("Smoking is allowed on the balcony.", "Smoking is allowed in the balcony.")).toBe(false);
    expect(areSame(`${filler} smoking is allowed ${filler}`, `${filler} smoking is not allowed ${filler}`)).toBe(false);
    expect(areSame(`${filler} smokers do ${filler}`, `${filler} smokers don’t ${filler}`)).toBe(false);
    expect(areSame(`${filler} smoking is allowed ${filler}`, `${filler} smoking was allowed ${filler}`)).toBe(true);
  });

  it.each([
    ["12", "13"],
    ["-4", "4"],
    ["3.5", "35"],
    ["2024", "2025"],
    ["B12", "B6"],
  ])("keeps texts apart that differ in a number: %s and %s", (one, other) => {
    expect(areSame(`Pay ${one} euros.`, `Pay ${other} euros.`)).toBe(false);
    expect(areSame(`${filler} pay ${one} euros ${filler}`, `${filler} pay ${other} euros ${filler}`)).toBe(false);
    expect(areSame(`${filler} pay ${one} euros ${filler}`, `${filler} pays ${one} euros ${filler}`)).toBe(true);
  });

  it("does not see case, punctuation and white space", () => {
    expect(areSame("Smoking is ALLOWED, on the balcony!", "smoking is allowed\n on the balcony")).toBe(true);
    expect(areSame("绿茶需要三分钟。", "绿茶需要五分钟。")).toBe(false);
    expect(areSame("😀", "😀")).toBe(false);
  });

  it("keeps short texts apart that differ at all", () => {
    expect(areNearDuplicates(shingled([1, 2]), shingled([1, 3]))).toBe(false);
    expect(areNearDuplicates(shingled([1, 2, 3, 4]), shingled([1, 2, 3, 5]))).toBe(false);
  });
});
