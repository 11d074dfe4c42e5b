/** What makes the vectors of one generation: an embedding model, or the space that the index learnt. */
import { RagError } from "../errors.ts";
import type { IndexedChunk } from "../model.ts";
import type { Embedder } from "../ports.ts";
import { passageOf } from "../retrieval/retriever.ts";
import type { SemanticSpace } from "../semantic/semantic-space.ts";
import type { EmbeddingStore } from "./generations.ts";

export interface Vectorizer {
  /** Names the model and all that its vectors depend on. */
  readonly id: string;
  readonly dimensions: number;
  /** Learnt from the documents by the index itself: made anew within seconds, and no word in the order of hits that the index has not had. */
  readonly isBuiltIn: boolean;
  /** @throws the reason of `signal`; RagError `overloaded` or `not_ready`. */
  embedQuery(text: string, signal: AbortSignal | undefined): Promise<Float32Array>;
  /** One vector per chunk, in their order. @throws as `embedQuery`, and {@link OutgrownError}. */
  embedChunks(chunks: readonly IndexedChunk[], signal: AbortSignal | undefined): Promise<readonly Float32Array[]>;
}

/**
 * The space has been learnt anew since, and no chunk gets a vector in the old one any more; or a chunk is not in it yet. The index is
 * refreshed after each of these, and the vectors follow then.
 */
export class OutgrownError extends Error {
  override readonly name = "OutgrownError";
}

/** Vectors of a model, each text embedded once: the record keeps what was made. */
export function createModelVectorizer({
  embedder,
  embeddings,
  digestOf,
}: {
  readonly embedder: Embedder;
  readonly embeddings: Pick<EmbeddingStore, "loadEmbeddings" | "saveEmbeddings">;
  /** Digest of what the model reads of a chunk. */
  readonly digestOf: (chunk: IndexedChunk) => Promise<string>;
}): Vectorizer {
  const { id, dimensions } = embedder;
  return {
    id,
    dimensions,
    isBuiltIn: false,
    async embedQuery(text, signal) {
      const [vector] = await embedder.embed([text], { purpose: "query", signal });
      if (vector === undefined) throw new RagError("not_ready", "The embedding model gave no vector.");
      return vector;
    },
    async embedChunks(chunks, signal) {
      const digests = await Promise.all(chunks.map(digestOf));
      const known = await embeddings.loadEmbeddings(id, [...new Set(digests)]);
      const missing = new Map<string, string>();
      for (const [at, chunk] of chunks.entries()) {
        const digest = digests[at] ?? "";
        if (!known.has(digest)) missing.set(digest, passageOf(chunk));
      }
      const made = await embedder.embed([...missing.values()], { purpose: "passage", signal });
      const fresh = new Map([...missing.keys()].flatMap((digest, at) => (made[at] === undefined ? [] : [[digest, made[at]] as const])));
      if (fresh.size > 0) await embeddings.saveEmbeddings(id, fresh);
      return digests.map((digest) => {
        const vector = known.get(digest) ?? fresh.get(digest);
        if (vector === undefined) throw new RagError("not_ready", "The embedding model gave too few vectors.");
        return vector;
      });
    },
  };
}

/** Vectors of the space as it is now; they are never stored, for the space is. */
export function createSpaceVectorizer(currentSpace: () => SemanticSpace | undefined): Vectorizer | undefined {
  const first = currentSpace();
  if (first === undefined) return undefined;
  const { id, dimensions, embedQuery } = first;
  return {
    id,
    dimensions,
    isBuiltIn: true,
    embedQuery: async (text) => embedQuery(text),
    async embedChunks(chunks) {
      const space = currentSpace();
      if (space?.id !== id) throw new OutgrownError("the semantic space was learnt anew");
      return chunks.map((chunk) => {
        const vector = space.vectorOf(chunk.id);
        if (vector === undefined) throw new OutgrownError("the index is being refreshed");
        return vector;
      });
    },
  };
}
