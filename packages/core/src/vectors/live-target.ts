/** A generation with its collection opened, and the model that its vectors must be of. */
import { RagError } from "../errors.ts";
import type { VectorStore } from "../ports.ts";
import type { IndexGeneration } from "./generations.ts";
import type { Target } from "./synchronise.ts";
import type { Vectorizer } from "./vectorizer.ts";

export type LiveTarget = Target & { readonly generation: IndexGeneration };

/** What the collection holds is not asked yet. @throws what the store throws. */
export async function openTarget(store: VectorStore, of: IndexGeneration, vectorizer: Vectorizer): Promise<LiveTarget> {
  const { generation, embedderId, dimensions } = of;
  return { generation: of, vectorizer, known: undefined, collection: await store.open({ generation, embedderId, dimensions }) };
}

/** Vectors of two models are never compared with each other. */
export function mismatch(found: IndexGeneration, vectorizer: Vectorizer | undefined): RagError {
  return new RagError(
    "conflict",
    `Generation ${found.generation} of the vectors was made with ${found.embedderId} (${found.dimensions} dimensions), and the server is configured for ${vectorizer?.id ?? "none"} (${vectorizer?.dimensions ?? 0}). They are not mixed: run "rag reindex" to build the vectors anew, or configure the earlier model.`,
  );
}
