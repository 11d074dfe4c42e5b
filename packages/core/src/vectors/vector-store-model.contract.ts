/** A vector store against the plainest one there can be, under any sequence of changes. */
import { array, asyncProperty, assert as check, constant, constantFrom, integer, oneof, record, tuple } from "fast-check";
import { expect } from "vitest";
import type { ChunkVector, NearestOptions, VectorCollection, VectorStore } from "../ports.ts";

const DIMENSIONS = 8;
/** 32-bit floats, summed in any order. */
const DIGITS = 4;
/** Above those that other tests of the contract use. */
const FIRST_GENERATION = 100;

const anyVector = array(integer({ min: -9, max: 9 }), { minLength: DIMENSIONS, maxLength: DIMENSIONS })
  .filter((numbers) => numbers.some((number) => number !== 0))
  .map((numbers) => Float32Array.from(numbers, (number) => number / Math.hypot(...numbers)));
const anyId = constantFrom(...Array.from({ length: 12 }, (_, number) => `chunk-${number}`));
const anyChunk = record({ chunkId: anyId, documentId: constantFrom("one", "two", "three"), vector: anyVector });
const anyQuestion = record({
  vector: anyVector,
  limit: integer({ min: 0, max: 14 }),
  documentIds: constantFrom(undefined, ["one"], ["two", "three"]),
});
const anyCommand = oneof(
  { weight: 3, arbitrary: tuple(constant("upsert" as const), array(anyChunk, { maxLength: 8 })) },
  { weight: 2, arbitrary: tuple(constant("remove" as const), array(anyId, { maxLength: 4 })) },
  { weight: 2, arbitrary: tuple(constant("nearest" as const), anyQuestion) },
);

/** Fails when the store ever differs from a map of its vectors. Each run has a generation of its own, dropped at its end. */
export async function agreesWithPlainList(store: VectorStore, runs: number): Promise<void> {
  let generation = FIRST_GENERATION;
  await check(
    asyncProperty(array(anyCommand, { maxLength: 20 }), async (commands) => {
      generation += 1;
      const vectors = await store.open({ generation, embedderId: "test/embedder@1", dimensions: DIMENSIONS });
      const model = new Map<string, ChunkVector>();
      for (const [what, given] of commands) {
        if (what === "upsert") {
          await vectors.upsert(given);
          for (const vector of given) model.set(vector.chunkId, vector);
        } else if (what === "remove") {
          await vectors.remove(given);
          for (const id of given) model.delete(id);
        } else {
          await expectNearest(vectors, model, given);
        }
      }
      expect(await vectors.listChunkIds()).toEqual(new Set(model.keys()));
      await store.drop(generation);
    }),
    { numRuns: runs },
  );
}

async function expectNearest(
  vectors: VectorCollection,
  model: ReadonlyMap<string, ChunkVector>,
  question: NearestOptions & { readonly vector: Float32Array },
): Promise<void> {
  const cosines = new Map(
    [...model.values()]
      .filter(({ documentId }) => question.documentIds?.includes(documentId) ?? true)
      .map(({ chunkId, vector }) => [chunkId, vector.reduce((sum, value, at) => sum + value * (question.vector[at] ?? 0), 0)]),
  );
  const best = [...cosines.values()].sort((left, right) => right - left).slice(0, question.limit);
  const matches = await vectors.nearest(question.vector, question);
  expect(matches).toHaveLength(best.length);
  expect(new Set(matches.map(({ chunkId }) => chunkId)).size).toBe(matches.length);
  // Chunks of the same cosine may change places.
  for (const [place, { chunkId, similarity }] of matches.entries()) {
    expect(similarity).toBeCloseTo(best[place] ?? Number.NaN, DIGITS);
    expect(similarity).toBeCloseTo(cosines.get(chunkId) ?? Number.NaN, DIGITS);
  }
}
