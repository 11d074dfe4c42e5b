/** The vectors of one generation in Chroma. */
import { type ChunkVector, checkVector, type VectorCollection, type VectorCollectionDescription, type VectorMatch } from "@rag-personal/core";
import { idsAnswer, nearestAnswer } from "./answers.ts";
import type { ChromaConnection } from "./connection.ts";

/** Of one write: 100 vectors of 384 took 120 ms on a busy machine with two cores while there were up to 10,000, and 620 ms at most. */
const WRITE_VECTORS = 100;
const WRITE_BYTES = 160_000;
const BYTES_PER_NUMBER = 4;
const REMOVED_AT_ONCE = 500;

/**
 * @param id by which Chroma knows the collection. It is never given to another one, so that whoever holds a collection that was
 * dropped, or lost with the server's files, is told so.
 */
export function chromaCollection(chroma: ChromaConnection, id: string, description: VectorCollectionDescription): VectorCollection {
  return {
    description,
    async upsert(vectors) {
      for (const { vector } of vectors) checkVector(vector, description);
      // Chroma refuses a batch with an id that comes twice.
      const unique = [...new Map(vectors.map((vector) => [vector.chunkId, vector])).values()];
      const bound = Math.max(1, Math.floor(WRITE_BYTES / (description.dimensions * BYTES_PER_NUMBER)));
      for (const batch of batches(unique, Math.min(WRITE_VECTORS, bound, chroma.maxBatchSize()))) {
        await chroma.call((client) => client.collection(id).upsert(recordsOf(batch)), { deadline: "write" });
      }
    },
    async remove(chunkIds) {
      for (const ids of batches([...new Set(chunkIds)], Math.min(REMOVED_AT_ONCE, chroma.maxBatchSize()))) {
        await chroma.call((client) => client.collection(id).delete({ ids }), { deadline: "write" });
      }
    },
    async listChunkIds() {
      // One statement, which sees one state: between two pages a removal would move others over the edge.
      const ids = await chroma.call(async (client) => idsAnswer.parse((await client.collection(id).get({ include: [] })).ids));
      return new Set(ids);
    },
    async nearest(vector, { limit, documentIds, signal }) {
      signal?.throwIfAborted();
      checkVector(vector, description);
      if (limit <= 0 || documentIds?.length === 0) return [];
      const answer = await chroma.call(
        async (client) =>
          nearestAnswer.parse(
            await client.collection(id).query({
              queryEmbeddings: [[...vector]],
              nResults: limit,
              include: ["distances"],
              ...(documentIds === undefined ? {} : { where: { documentId: { $in: [...documentIds] } } }),
            }),
          ),
        { deadline: "query", signal },
      );
      const [distances] = answer.distances;
      return answer.ids[0].map((chunkId, place): VectorMatch => {
        const similarity = 1 - (distances[place] ?? 2);
        return { chunkId, similarity: Math.max(-1, Math.min(1, similarity)) };
      });
    },
  };
}

function recordsOf(vectors: readonly ChunkVector[]): { ids: string[]; embeddings: number[][]; metadatas: { documentId: string }[] } {
  return {
    ids: vectors.map(({ chunkId }) => chunkId),
    embeddings: vectors.map(({ vector }) => [...vector]),
    metadatas: vectors.map(({ documentId }) => ({ documentId })),
  };
}

function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
