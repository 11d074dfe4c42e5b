/** First stage: words, character grams and the coarse semantic space scored for every chunk; the best go on. */
import type { SearchFilters } from "../model.ts";
import { COARSE } from "../semantic/semantic-index.ts";
import type { IndexState } from "./index-state.ts";
import type { AnalyzedQuery } from "./query-analysis.ts";
import { createTopScores } from "./top-scores.ts";

export interface Candidates {
  /** Chunk numbers, best first. */
  readonly chunks: readonly number[];
  /** Signal of each chunk of the collection; only entries of admitted chunks mean anything. */
  readonly words: Float32Array;
  readonly characters: Float32Array;
  readonly coarse: Float32Array;
}

/** Weights of the first stage: those of the fusion, with all semantic weight on the coarse space. */
const WORDS = 0.25;
const CHARACTERS = 0.2;
const SEMANTIC = 0.5;

/**
 * Finds up to `limit` chunks that share anything with the query and pass the filters.
 *
 * @param neighbours chunk numbers that somebody else found; those that pass the filters are candidates too, beyond the limit.
 */
export function findCandidates(
  state: IndexState,
  query: AnalyzedQuery,
  limit: number,
  filters: SearchFilters | undefined,
  neighbours: Iterable<number> = [],
): Candidates {
  const count = state.entries.length;
  const words = new Float32Array(count);
  const characters = new Float32Array(count);
  const coarse = new Float32Array(count);
  for (const [index, term] of query.terms.ids.entries()) state.words.accumulate(term, query.terms.counts[index] ?? 0, words);
  for (const [gram, weight] of query.grams) state.characters.accumulate(gram, weight, characters);
  if (query.vector !== undefined) state.semantic?.scan(query.vector, COARSE, coarse);

  const ranges = admittedRanges(state, filters);
  const wordsScale = WORDS / maximum(words, ranges);
  const charactersScale = CHARACTERS / maximum(characters, ranges);
  const coarseScale = SEMANTIC / maximum(coarse, ranges);
  const top = createTopScores(limit);
  for (const { start, end } of ranges) {
    for (let chunk = start; chunk < end; chunk += 1) {
      const score = (words[chunk] ?? 0) * wordsScale + (characters[chunk] ?? 0) * charactersScale + Math.max(0, coarse[chunk] ?? 0) * coarseScale;
      if (score > 0) top.offer(chunk, score);
    }
  }
  const chunks = new Set(top.drain().map(({ item }) => item));
  for (const chunk of neighbours) if (ranges.some(({ start, end }) => chunk >= start && chunk < end)) chunks.add(chunk);
  return { chunks: [...chunks], words, characters, coarse };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function admittedRanges(state: IndexState, filters: SearchFilters | undefined): readonly Range[] {
  const { pathPrefixes, documentIds } = filters ?? {};
  if (pathPrefixes === undefined && documentIds === undefined) return [{ start: 0, end: state.entries.length }];
  const ids = documentIds === undefined ? undefined : new Set(documentIds);
  return state.documents.filter(
    ({ documentId, path }) =>
      (ids === undefined || ids.has(documentId)) && (pathPrefixes === undefined || pathPrefixes.some((prefix) => path.startsWith(prefix))),
  );
}

/** The largest value in the ranges; at least a tiny positive number, so that it can divide. */
function maximum(values: Float32Array, ranges: readonly Range[]): number {
  let largest = 1e-9;
  for (const { start, end } of ranges) for (let at = start; at < end; at += 1) largest = Math.max(largest, values[at] ?? 0);
  return largest;
}
