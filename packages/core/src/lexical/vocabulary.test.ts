import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVocabulary } from "./vocabulary.ts";

describe("createVocabulary", () => {
  it("gives each term one number and finds it by either", () => {
    const vocabulary = createVocabulary();
    expect(["tea", "water", "tea"].map((term) => vocabulary.add(term))).toEqual([0, 1, 0]);
    expect(vocabulary.find("water")).toBe(1);
    expect(vocabulary.termAt(1)).toBe("water");
    expect(vocabulary.find("rain")).toBeUndefined();
    expect(vocabulary.termAt(2)).toBe("");
  });

  it("is never larger than the most terms it held at once, and never gives one number to two of them", () => {
    const word = fc.constantFrom("a", "b", "c", "d", "e", "");
    fc.assert(
      fc.property(fc.array(fc.record({ word, isForgotten: fc.boolean() }), { maxLength: 60 }), (steps) => {
        const vocabulary = createVocabulary();
        const held = new Map<string, number>();
        let most = 0;
        for (const { word: term, isForgotten } of steps) {
          if (isForgotten) {
            vocabulary.forget(vocabulary.find(term) ?? 99);
            held.delete(term);
          } else held.set(term, vocabulary.add(term));
          most = Math.max(most, held.size);
          expect(new Set(held.values()).size).toBe(held.size);
          for (const [each, id] of held) expect([vocabulary.find(each), vocabulary.termAt(id)]).toEqual([id, each]);
        }
        expect(vocabulary.size).toBe(most);
      }),
    );
  });

  it("forgets a number once, however often it is asked to", () => {
    const vocabulary = createVocabulary();
    vocabulary.add("tea");
    vocabulary.forget(0);
    vocabulary.forget(0);
    expect([vocabulary.add("rain"), vocabulary.add("snow")]).toEqual([0, 1]);
  });
});
