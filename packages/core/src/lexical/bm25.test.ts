import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { type Bm25Options, buildBm25, inverseDocumentFrequency } from "./bm25.ts";
import { countTerms } from "./term-counts.ts";

const TERMS = 8;

function build(documents: readonly (readonly number[])[], options?: Bm25Options) {
  const counts = documents.map((terms) => countTerms(terms));
  const none = countTerms([]);
  const source = { documentCount: documents.length, termCount: TERMS, termCounts: (document: number) => counts[document] ?? none };
  return buildBm25(source, createPacer(), options);
}

/** BM25 as the papers write it, document by document. */
function referenceScore(
  documents: readonly (readonly number[])[],
  query: readonly number[],
  document: readonly number[],
  k1: number,
  b: number,
): number {
  const averageLength = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  return query.reduce((score, term) => {
    const frequency = documents.filter((other) => other.includes(term)).length;
    const count = document.filter((other) => other === term).length;
    if (count === 0) return score;
    const idf = Math.log(1 + (documents.length - frequency + 0.5) / (frequency + 0.5));
    return score + (idf * count * (k1 + 1)) / (count + k1 * (1 - b + (b * document.length) / averageLength));
  }, 0);
}

const collection = fc.array(fc.array(fc.nat(TERMS - 1), { maxLength: 12 }), { minLength: 1, maxLength: 12 });

describe("buildBm25", () => {
  it("scores as the plain formula does", async () => {
    const parameters = fc.record({ k1: fc.double({ min: 0.1, max: 3, noNaN: true }), b: fc.double({ min: 0, max: 1, noNaN: true }) });
    await fc.assert(
      fc.asyncProperty(collection, fc.array(fc.nat(TERMS - 1), { maxLength: 6 }), parameters, async (documents, query, { k1, b }) => {
        const index = await build(documents, { k1, b });
        const scores = new Float32Array(documents.length);
        for (const term of query) index.accumulate(term, 1, scores);
        for (const [at, document] of documents.entries()) expect(scores[at]).toBeCloseTo(referenceScore(documents, query, document, k1, b), 4);
      }),
    );
  });

  it("counts documents, lengths and rarities", async () => {
    const index = await build([[0, 0, 1], [1], []]);
    expect(index.documentCount).toBe(3);
    expect(index.averageLength).toBeCloseTo(4 / 3);
    expect([0, 1, 2].map((term) => index.documentFrequency(term))).toEqual([1, 2, 0]);
    expect(index.inverseDocumentFrequency(0)).toBeCloseTo(Math.log(1 + 2.5 / 1.5));
    expect(index.inverseDocumentFrequency(5)).toBeGreaterThan(index.inverseDocumentFrequency(0));
  });

  it("finds nothing for a term it never saw, and nothing in an empty collection", async () => {
    const scores = new Float32Array(2);
    const index = await build([[0], [1]]);
    index.accumulate(TERMS + 100, 1, scores);
    expect([...scores]).toEqual([0, 0]);
    expect(index.documentFrequency(TERMS + 100)).toBe(0);
    expect((await build([])).averageLength).toBe(0);
  });

  it("weighs rare terms above common ones and never below nothing", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), (some, more) => {
        const count = some + more;
        expect(inverseDocumentFrequency(count, some)).toBeGreaterThanOrEqual(inverseDocumentFrequency(count, count));
        expect(inverseDocumentFrequency(count, count)).toBeGreaterThan(0);
      }),
    );
  });
});
