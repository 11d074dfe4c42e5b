/** Keeps the vocabulary from growing with words that are gone. */
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { LsaModel } from "../semantic/lsa.ts";
import type { ChunkEntry } from "./chunk-entry.ts";
import type { IndexState } from "./index-state.ts";

/**
 * Forgets the terms that neither the state, nor its semantic space, nor a change that awaits the next refresh, nor a restored space uses.
 * Searches of the state stay right when such a number is given to another term: it occurs in no document and in no space there.
 */
export function forgetUnusedTerms(
  vocabulary: Vocabulary,
  state: IndexState,
  collection: ReadonlyMap<string, readonly ChunkEntry[]>,
  restored: LsaModel | undefined,
): void {
  const used = new Uint8Array(vocabulary.size);
  const built = new Set(state.entries);
  for (const entries of collection.values()) {
    for (const entry of entries) if (!built.has(entry)) for (const term of entry.counts.ids) used[term] = 1;
  }
  for (const model of [state.semantic?.model, restored]) if (model !== undefined) for (const term of model.terms) used[term] = 1;
  for (let term = 0; term < used.length; term += 1) {
    if (used[term] === 0 && state.words.documentFrequency(term) === 0) vocabulary.forget(term);
  }
}
