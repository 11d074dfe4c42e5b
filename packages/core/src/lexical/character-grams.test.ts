import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { characterGrams, relateGrams } from "./character-grams.ts";
import { countTerms } from "./term-counts.ts";
import { createVocabulary } from "./vocabulary.ts";

describe("characterGrams", () => {
  it("slides a window of four over a term and leaves short terms whole", () => {
    expect(characterGrams("protein")).toEqual(["prot", "rote", "otei", "tein"]);
    expect(characterGrams("cell")).toEqual(["cell"]);
    expect(characterGrams("dna")).toEqual(["dna"]);
  });
});

describe("relateGrams", () => {
  it("counts the grams of a text from the counts of its terms, as counting its words one by one does", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(word, { maxLength: 30 }), { maxLength: 5 }), async (texts) => {
        const vocabulary = createVocabulary();
        const sequences = texts.map((words) => words.map((each) => vocabulary.add(each)));
        const { grams, gramCounts } = await relateGrams({ vocabulary, termCount: vocabulary.size, isInUse: () => true }, createPacer());
        for (const [index, words] of texts.entries()) {
          const { ids, counts, length } = gramCounts(countTerms(sequences[index] ?? []));
          const expected = new Map<string, number>();
          for (const gram of words.flatMap(characterGrams)) expected.set(gram, (expected.get(gram) ?? 0) + 1);
          expect(new Map([...ids].map((id, at) => [grams.termAt(id), counts[at]]))).toEqual(expected);
          expect(length).toBe(words.flatMap(characterGrams).length);
        }
      }),
    );
  });

  it("makes no grams of terms that are not in use", async () => {
    const vocabulary = createVocabulary();
    for (const term of ["protein", "walrus", "cell"]) vocabulary.add(term);
    const { grams, gramCounts } = await relateGrams({ vocabulary, termCount: 3, isInUse: (term) => term !== 1 }, createPacer());
    expect(grams.size).toBe(5);
    expect([...gramCounts(countTerms([2])).ids].map((id) => grams.termAt(id))).toEqual(["cell"]);
  });
});
