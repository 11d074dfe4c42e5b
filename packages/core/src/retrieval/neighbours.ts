/** What an embedding model found nearest, beside the index's own signals. */
import type { VectorMatch } from "../ports.ts";
import type { IndexState } from "./index-state.ts";

/** The nearest chunks by another way of comparing. */
export interface NearestChunks {
  readonly matches: readonly VectorMatch[];
  /** Share of their nearness in the score of a hit, 0..1; 0 lets them be found and leaves the order to the index's own signals. */
  readonly weight: number;
}

export interface Neighbours {
  /** By chunk number: 1 for the nearest, 0 for the last one that was found. */
  readonly nearness: ReadonlyMap<number, number>;
  readonly weight: number;
}

/**
 * Finds the matches in a state of the index; a chunk it does not know, or no longer, is passed over. Cosines of different models lie in
 * different, often narrow ranges, so they are stretched to 0..1 over what was found before they are added to anything: the convex
 * combination with min-max normalisation of Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2022).
 */
export function readNeighbours({ matches, weight }: NearestChunks, state: IndexState): Neighbours {
  const similarities = matches.map(({ similarity }) => similarity);
  const least = Math.min(...similarities);
  const span = Math.max(...similarities) - least;
  const nearness = new Map<number, number>();
  for (const { chunkId, similarity } of matches) {
    const number = state.numbers.get(chunkId);
    if (number !== undefined) nearness.set(number, span > 0 ? (similarity - least) / span : 1);
  }
  return { nearness, weight };
}

/** Weighs the nearness of each candidate into its score. */
export function blendNeighbours(scores: Float64Array, chunks: readonly number[], { nearness, weight }: Neighbours): Float64Array {
  return scores.map((score, index) => (1 - weight) * score + weight * (nearness.get(chunks[index] ?? -1) ?? 0));
}
