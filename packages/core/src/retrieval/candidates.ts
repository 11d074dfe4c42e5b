/** First stage: words, character grams and the coarse semantic space scored for every chunk; the best go on. */
import type { SearchFilters } from "../model.ts";
import { COARSE } from "../semantic/semantic-index.ts";
import type { IndexState } from "./index-state.ts";
import type { AnalyzedQuery } from "./query-analysis.ts";

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
  const heap = createTopHeap(limit);
  for (const { start, end } of ranges) {
    for (let chunk = start; chunk < end; chunk += 1) {
      const score = (words[chunk] ?? 0) * wordsScale + (characters[chunk] ?? 0) * charactersScale + Math.max(0, coarse[chunk] ?? 0) * coarseScale;
      if (score > 0) heap.offer(chunk, score);
    }
  }
  const chunks = new Set(heap.drain());
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

/** Keeps the `limit` highest scores; among equals, those offered first. */
function createTopHeap(limit: number) {
  const items: { chunk: number; score: number }[] = [];
  const isWorse = (left: { chunk: number; score: number }, right: { chunk: number; score: number }): boolean =>
    left.score < right.score || (left.score === right.score && left.chunk > right.chunk);
  const swap = (i: number, j: number): void => {
    const left = items[i];
    const right = items[j];
    if (left === undefined || right === undefined) return;
    items[i] = right;
    items[j] = left;
  };
  const worseAt = (i: number, j: number): boolean => {
    const left = items[i];
    const right = items[j];
    return left !== undefined && right !== undefined && isWorse(left, right);
  };
  const siftUp = (): void => {
    for (let at = items.length - 1; at > 0 && worseAt(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
  };
  const siftDown = (): void => {
    for (let at = 0; ; ) {
      let worst = at;
      if (worseAt(2 * at + 1, worst)) worst = 2 * at + 1;
      if (worseAt(2 * at + 2, worst)) worst = 2 * at + 2;
      if (worst === at) return;
      swap(at, worst);
      at = worst;
    }
  };
  return {
    offer(chunk: number, score: number): void {
      if (items.length < limit) {
        items.push({ chunk, score });
        siftUp();
      } else if (items[0] !== undefined && isWorse(items[0], { chunk, score })) {
        items[0] = { chunk, score };
        siftDown();
      }
    },
    drain: (): number[] => items.sort((left, right) => (isWorse(left, right) ? 1 : -1)).map(({ chunk }) => chunk),
  };
}
