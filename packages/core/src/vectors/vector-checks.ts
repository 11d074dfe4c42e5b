/** What every vector store refuses, in the same words. */
import { RagError } from "../errors.ts";
import type { VectorCollectionDescription } from "../ports.ts";

/** Compares what a store holds with what somebody wants to open. @throws RagError `conflict` when their vectors must not be mixed. */
export function refuseMixing(stored: VectorCollectionDescription, wanted: VectorCollectionDescription): void {
  if (stored.embedderId === wanted.embedderId && stored.dimensions === wanted.dimensions) return;
  throw new RagError(
    "conflict",
    `The vectors of generation ${wanted.generation} were made by ${stored.embedderId} (${stored.dimensions} dimensions) ` +
      `and cannot be mixed with those of ${wanted.embedderId} (${wanted.dimensions}). Run \`rag reindex\` to build them anew.`,
  );
}

/** @throws RagError `invalid_request` when the vector has the wrong length, or a number that is not finite. */
export function checkVector(vector: Float32Array, { dimensions, embedderId }: VectorCollectionDescription): void {
  if (vector.length !== dimensions)
    throw new RagError("invalid_request", `A vector of ${embedderId} has ${dimensions} dimensions, not ${vector.length}.`);
  if (!vector.every(Number.isFinite)) throw new RagError("invalid_request", "A vector holds a number that is not finite.");
}
