import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countTerms } from "./term-counts.ts";
import { createVocabulary } from "./vocabulary.ts";

describe("countTerms", () => {
  it("lists every term once, ascending, with how often it occurs", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (sequence) => {
        const { ids, counts, length } = countTerms(sequence);
        expect([...ids]).toEqual([...new Set(sequence)].sort((left, right) => left - right));
        expect([...counts]).toEqual([...ids].map((id) => sequence.filter((other) => other === id).length));
        expect(length).toBe(sequence.length);
      }),
    );
  });
});

describe("createVocabulary", () => {
  it("numbers terms densely in the order of their first sight, and finds both ways", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 })), (terms) => {
        const vocabulary = createVocabulary();
        const distinct = [...new Set(terms)];
        expect(terms.map((term) => vocabulary.add(term))).toEqual(terms.map((term) => distinct.indexOf(term)));
        expect(vocabulary.size).toBe(distinct.length);
        for (const [id, term] of distinct.entries()) {
          expect(vocabulary.termAt(id)).toBe(term);
          expect(vocabulary.find(term)).toBe(id);
        }
      }),
    );
  });

  it("knows nothing that was not added", () => {
    const vocabulary = createVocabulary();
    expect(vocabulary.find("__proto__")).toBeUndefined();
    expect(vocabulary.termAt(0)).toBe("");
  });
});
