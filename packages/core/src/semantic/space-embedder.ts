/** The space learnt from the corpus, for texts that are no part of it. */
import type { YieldNow } from "../pacing.ts";
import type { Embedder } from "../ports.ts";
import type { SemanticSpace } from "./semantic-space.ts";

/** Texts embedded between two pauses; a long one takes some milliseconds. */
const TEXTS_AT_ONCE = 8;

/** Questions and passages look the same to it. */
export function createSpaceEmbedder({ id, dimensions, embedQuery }: SemanticSpace, yieldNow: YieldNow): Embedder {
  return {
    id,
    dimensions,
    async embed(texts, { signal }) {
      const vectors: Float32Array[] = [];
      for (const [at, text] of texts.entries()) {
        if (at % TEXTS_AT_ONCE === 0) await yieldNow();
        signal?.throwIfAborted();
        vectors.push(embedQuery(text));
      }
      return vectors;
    },
  };
}
