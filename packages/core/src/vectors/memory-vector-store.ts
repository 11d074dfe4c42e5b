/** Vectors in this process, compared one by one: exact, and lost with the process. */
import { RagError } from "../errors.ts";
import type { ChunkVector, VectorCollection, VectorCollectionDescription, VectorStore } from "../ports.ts";
import { checkVector, refuseMixing } from "./vector-checks.ts";
import { createVectorMatrix } from "./vector-matrix.ts";

/**
 * Keeps collections in memory: 4 bytes per number, so 150 MB for 100,000 vectors of 384.
 *
 * @example
 * const vectors = await createMemoryVectorStore().open({ generation: 1, embedderId: "lsa", dimensions: 300 });
 */
export function createMemoryVectorStore(): VectorStore {
  const collections = new Map<number, { readonly collection: VectorCollection; drop(): void }>();
  return {
    async open(description) {
      const found = collections.get(description.generation);
      if (found === undefined) {
        const created = createCollection(description);
        collections.set(description.generation, created);
        return created.collection;
      }
      refuseMixing(found.collection.description, description);
      return found.collection;
    },
    list: async () => [...collections.values()].map(({ collection }) => collection.description).sort((a, b) => a.generation - b.generation),
    async drop(generation) {
      collections.get(generation)?.drop();
      collections.delete(generation);
    },
    ping: async () => "in-process vectors",
  };
}

function createCollection(description: VectorCollectionDescription): { readonly collection: VectorCollection; drop(): void } {
  const matrix = createVectorMatrix(description.dimensions);
  let isDropped = false;
  const use = (): typeof matrix => {
    if (isDropped) throw new RagError("store_unavailable", `The vectors of generation ${description.generation} were dropped.`);
    return matrix;
  };
  return {
    drop() {
      isDropped = true;
    },
    collection: {
      description,
      async upsert(vectors: readonly ChunkVector[]) {
        const rows = use();
        for (const { vector } of vectors) checkVector(vector, description);
        for (const vector of vectors) rows.set(vector);
      },
      async remove(chunkIds) {
        const rows = use();
        for (const id of chunkIds) rows.delete(id);
      },
      listChunkIds: async () => use().ids(),
      async nearest(vector, { limit, documentIds, signal }) {
        signal?.throwIfAborted();
        checkVector(vector, description);
        return use().nearest(vector, limit, documentIds === undefined ? undefined : new Set(documentIds));
      },
    },
  };
}
