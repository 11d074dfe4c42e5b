/** What is said when the documents do not answer, and what came closest. */
import type { NearMiss, SearchHit } from "../model.ts";

/** Passages shown with a refusal. */
const MAX_NEAR_MISSES = 3;

/** The quotes that were chosen no longer stand in the stored text: the index is about to learn of it. */
export const SOURCES_CHANGED = "The passages that would answer this have just changed. Ask again in a moment.";

export const REFUSAL = "This is not in your documents: nothing in them is evidence enough for an answer.";

/** The passages that came closest, nearest first. @param likelihoods of each hit, 0..1. */
export function toNearMisses(hits: readonly SearchHit[], likelihoods: readonly number[]): NearMiss[] {
  return hits
    .map(({ chunk }, index) => ({
      documentId: chunk.documentId,
      path: chunk.path,
      title: chunk.title,
      headingPath: chunk.headingPath,
      start: chunk.start,
      end: chunk.end,
      text: chunk.text,
      score: likelihoods[index] ?? 0,
    }))
    .sort((left, right) => right.score - left.score)
    .slice(0, MAX_NEAR_MISSES);
}
