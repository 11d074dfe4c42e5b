import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countTerms } from "../lexical/term-counts.ts";
import { createVocabulary, type Vocabulary } from "../lexical/vocabulary.ts";
import { createPacer } from "../pacing.ts";
import { type LsaModel, type LsaOptions, trainLsa } from "./lsa.ts";
import { readLsaSnapshot, writeLsaSnapshot } from "./lsa-snapshot.ts";
import { buildSemanticIndex, COARSE } from "./semantic-index.ts";

const ANIMALS = ["cat dog pet", "dog pet leash", "cat pet fur", "leash dog fur", "pet fur cat"];
const MONEY = ["bank loan rate", "loan rate credit", "bank credit", "rate credit loan", "credit bank rate"];

function countsOf(texts: readonly string[], vocabulary: Vocabulary) {
  const counts = texts.map((text) => countTerms(text.split(" ").map((word) => vocabulary.add(word))));
  const none = countTerms([]);
  return { documentCount: texts.length, termCount: vocabulary.size, termCounts: (document: number) => counts[document] ?? none };
}

async function train(texts: readonly string[], options: LsaOptions = {}) {
  const vocabulary = createVocabulary();
  const source = countsOf(texts, vocabulary);
  return { vocabulary, source, model: await trainLsa(source, createPacer(), options) };
}

function embed(model: LsaModel, vocabulary: Vocabulary, text: string): Float32Array {
  const into = new Float32Array(model.rank);
  model.embed(countsOf([text], vocabulary).termCounts(0), into);
  return into;
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

const corpora = fc.array(
  fc.array(fc.constantFrom(..."abcdefghijkl", "ä", "漢字"), { minLength: 1, maxLength: 8 }).map((words) => words.join(" ")),
  { minLength: 1, maxLength: 12 },
);

describe("trainLsa", () => {
  it("brings words together that keep the same company, though they never meet", async () => {
    const { model, vocabulary } = await train([...ANIMALS, ...MONEY], { maxRank: 2 });
    expect(cosine(embed(model, vocabulary, "leash"), embed(model, vocabulary, "cat"))).toBeGreaterThan(0.9);
    expect(Math.abs(cosine(embed(model, vocabulary, "leash"), embed(model, vocabulary, "loan")))).toBeLessThan(0.2);
  });

  it("folds in texts that it was not trained on, and has nothing to say of unknown words", async () => {
    const { model, vocabulary } = await train([...ANIMALS, ...MONEY], { maxRank: 2 });
    expect(cosine(embed(model, vocabulary, "dog hamster fur"), embed(model, vocabulary, "pet"))).toBeGreaterThan(0.9);
    expect([...embed(model, vocabulary, "hamster wheel")]).toEqual([0, 0]);
    expect(model.rowOf(vocabulary.add("hamster"))).toBe(-1);
  });

  it("keeps to its limits of rank, terms and training documents", async () => {
    const { model } = await train([...ANIMALS, ...MONEY], { maxRank: 3, maxTerms: 4, trainingLimit: 6 });
    expect(model.rank).toBeLessThanOrEqual(3);
    expect(model.terms).toHaveLength(4);
    expect(model.corpusSize).toBe(10);
  });

  it("has no dimension where there is nothing to learn", async () => {
    expect((await train([])).model.rank).toBe(0);
  });

  it("learns the same from the same corpus", async () => {
    await fc.assert(
      fc.asyncProperty(corpora, async (texts) => {
        const [one, other] = [await train(texts), await train(texts)];
        expect(other.model.vectors).toEqual(one.model.vectors);
        expect(other.model.scales).toEqual(one.model.scales);
      }),
      { numRuns: 30 },
    );
  });
});

describe("LSA snapshots", () => {
  it("give back the same space, whatever numbers its terms have in the new vocabulary", async () => {
    await fc.assert(
      fc.asyncProperty(corpora, fc.array(fc.string({ maxLength: 3 })), fc.nat(7), async (texts, earlierTerms, misalignment) => {
        const { model, vocabulary } = await train(texts);
        const bytes = writeLsaSnapshot(model, vocabulary);
        const shifted = new Uint8Array(bytes.length + misalignment).subarray(misalignment);
        shifted.set(bytes);
        const renumbered = createVocabulary();
        for (const term of earlierTerms) renumbered.add(term);
        const restored = readLsaSnapshot(shifted, renumbered);
        if (restored === undefined) throw new Error("The snapshot was not read.");
        expect([restored.rank, restored.corpusSize]).toEqual([model.rank, model.corpusSize]);
        for (const text of texts) {
          // Renumbered terms are added up in another order, which changes the last digit.
          const expected = embed(model, vocabulary, text);
          for (const [dimension, value] of embed(restored, renumbered, text).entries()) expect(value).toBeCloseTo(expected[dimension] ?? 0, 5);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("are refused when cut short, lengthened, of another version, or something else", async () => {
    const { model, vocabulary } = await train(ANIMALS);
    const bytes = writeLsaSnapshot(model, vocabulary);
    const otherVersion = bytes.slice();
    otherVersion[4] = 99;
    for (const wrong of [
      bytes.slice(0, -1),
      bytes.slice(0, 10),
      Uint8Array.from([...bytes, 0]),
      otherVersion,
      new Uint8Array(0),
      new Uint8Array(100),
    ]) {
      expect(readLsaSnapshot(wrong, createVocabulary())).toBeUndefined();
    }
  });

  it("never fail on bytes from elsewhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readLsaSnapshot(bytes, createVocabulary())).toBeUndefined();
      }),
    );
  });
});

describe("buildSemanticIndex", () => {
  it("says of all documents at once what it says of each alone: the cosine", async () => {
    await fc.assert(
      fc.asyncProperty(corpora, async (texts) => {
        const { model, source, vocabulary } = await train(texts);
        const index = await buildSemanticIndex(model, source, createPacer());
        const query = index.prepare(embed(model, vocabulary, "a b c d"));
        const scanned = new Float32Array(texts.length);
        index.scan(query, COARSE, scanned);
        for (const [document, text] of texts.entries()) {
          const expected = cosine(query.vector, embed(model, vocabulary, text));
          expect(index.cosine(query, document, COARSE)).toBeCloseTo(Number.isNaN(expected) ? 0 : expected, 4);
          expect(scanned[document]).toBeCloseTo(index.cosine(query, document, COARSE), 5);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("takes over the vectors of documents that have not changed", async () => {
    const { model, source } = await train([...ANIMALS, ...MONEY], { maxRank: 4 });
    const earlier = await buildSemanticIndex(model, source, createPacer());
    const order = [7, 2, -1, 0];
    const moved = { documentCount: order.length, termCounts: () => source.termCounts(9), earlierRow: (document: number) => order[document] ?? -1 };
    const later = await buildSemanticIndex(model, moved, createPacer(), earlier);
    for (const [document, row] of [7, 2, 9, 0].entries()) expect(later.vectorAt(document)).toEqual(earlier.vectorAt(row));
  });
});
