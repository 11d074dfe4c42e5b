/** Second stage: every signal of every candidate, from one pass over its terms. */
import { COARSE, FINE, MIDDLE } from "../semantic/semantic-index.ts";
import type { Candidates } from "./candidates.ts";
import type { ChunkEntry } from "./chunk-entry.ts";
import type { IndexState } from "./index-state.ts";
import type { AnalyzedQuery } from "./query-analysis.ts";

/** All signals, in the order of their columns. */
export const SIGNAL_NAMES = [
  "words",
  "characters",
  "semanticCoarse",
  "semanticMiddle",
  "semanticFine",
  "sentence",
  "title",
  "bigrams",
  "coverage",
  "feedback",
] as const;

export type SignalName = (typeof SIGNAL_NAMES)[number];

/** One value per candidate for each signal; none is negative, and the unit differs from signal to signal. */
export type SignalTable = Readonly<Record<SignalName, Float32Array>>;

const K1 = 1.2;
const B = 0.75;

export function computeSignals(state: IndexState, query: AnalyzedQuery, candidates: Candidates): SignalTable {
  const count = candidates.chunks.length;
  const column = (): Float32Array => new Float32Array(count);
  const table: Record<SignalName, Float32Array> = {
    words: column(),
    characters: column(),
    semanticCoarse: column(),
    semanticMiddle: column(),
    semanticFine: column(),
    sentence: column(),
    title: column(),
    bigrams: column(),
    coverage: column(),
    feedback: column(),
  };
  const { semantic } = state;
  const positions = new Int16Array(state.termSpace).fill(-1);
  for (const [index, term] of query.terms.ids.entries()) positions[term] = index;
  for (const [index, chunk] of candidates.chunks.entries()) {
    const entry = state.entries[chunk];
    if (entry === undefined) continue;
    table.words[index] = candidates.words[chunk] ?? 0;
    table.characters[index] = candidates.characters[chunk] ?? 0;
    table.semanticCoarse[index] = Math.max(0, candidates.coarse[chunk] ?? 0);
    if (semantic !== undefined && query.vector !== undefined) {
      const same = (resolution: number) => semantic.dimensions[resolution] === semantic.dimensions[COARSE];
      const cosine = (resolution: number) =>
        Math.max(0, same(resolution) ? (candidates.coarse[chunk] ?? 0) : semantic.cosine(query.vector ?? NO_VECTOR, chunk, resolution));
      table.semanticMiddle[index] = cosine(MIDDLE);
      table.semanticFine[index] = cosine(FINE);
    }
    const match = matchTerms(entry, query, positions, state);
    table.sentence[index] = match.sentence;
    table.bigrams[index] = match.bigrams;
    table.title[index] = scoreTitle(entry, query, positions, state.averageTitleLength);
    table.coverage[index] = coverageOf(entry, query);
  }
  return table;
}

const NO_VECTOR = { vector: new Float32Array(0), inverseNorms: [] };

interface TermMatch {
  /** BM25 of the best sentence. */
  readonly sentence: number;
  /** BM25 of the question's pairs of neighbours. */
  readonly bigrams: number;
}

function matchTerms(entry: ChunkEntry, query: AnalyzedQuery, positions: Int16Array, state: IndexState): TermMatch {
  const { sequence, sentenceEnds } = entry;
  const sentenceCounts = new Float32Array(query.terms.ids.length);
  const bigramCounts = new Float32Array(query.bigrams.length);
  let best = 0;
  let lastAt = -1;
  let from = 0;
  for (const end of sentenceEnds) {
    let matched = false;
    for (let at = from; at < end; at += 1) {
      const index = positions[sequence[at] ?? 0] ?? -1;
      if (index < 0) continue;
      matched = true;
      sentenceCounts[index] = (sentenceCounts[index] ?? 0) + 1;
      if (at > 0 && lastAt === at - 1) countBigram(query, sequence[at - 1] ?? 0, sequence[at] ?? 0, bigramCounts);
      lastAt = at;
    }
    if (matched) {
      best = Math.max(best, saturatedSum(sentenceCounts, query.idf, end - from, state.averageSentenceLength));
      sentenceCounts.fill(0);
    }
    from = end;
  }
  let bigrams = 0;
  const norm = lengthNorm(sequence.length, state.words.averageLength);
  for (const [index, { idf }] of query.bigrams.entries()) bigrams += idf * saturate(bigramCounts[index] ?? 0, norm);
  return { sentence: best, bigrams };
}

function countBigram(query: AnalyzedQuery, first: number, second: number, counts: Float32Array): void {
  for (const [index, bigram] of query.bigrams.entries()) {
    if (bigram.first === first && bigram.second === second) counts[index] = (counts[index] ?? 0) + 1;
  }
}

function lengthNorm(length: number, averageLength: number): number {
  return K1 * (1 - B + (averageLength === 0 ? 0 : (B * length) / averageLength));
}

function saturate(count: number, norm: number): number {
  return (count * (K1 + 1)) / (count + norm);
}

function saturatedSum(counts: Float32Array, idf: Float32Array, length: number, averageLength: number): number {
  const norm = lengthNorm(length, averageLength);
  let sum = 0;
  for (let index = 0; index < counts.length; index += 1) {
    const count = counts[index] ?? 0;
    if (count > 0) sum += (idf[index] ?? 0) * saturate(count, norm);
  }
  return sum;
}

function scoreTitle(entry: ChunkEntry, query: AnalyzedQuery, positions: Int16Array, averageLength: number): number {
  let sum = 0;
  for (const term of entry.titleTerms) {
    const index = positions[term] ?? -1;
    if (index >= 0) sum += query.idf[index] ?? 0;
  }
  return sum * saturate(1, lengthNorm(entry.titleTerms.length, averageLength));
}

/** Share of the question's idf mass that the chunk, its title and its headings hold. */
function coverageOf(entry: ChunkEntry, query: AnalyzedQuery): number {
  if (query.idfMass === 0) return 0;
  const { ids } = entry.counts;
  let covered = 0;
  for (const [index, term] of query.terms.ids.entries()) if (includesSorted(ids, term)) covered += query.idf[index] ?? 0;
  return Math.min(1, covered / query.idfMass);
}

function includesSorted(ids: Uint32Array, term: number): boolean {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = ids[middle] ?? 0;
    if (at === term) return true;
    if (at < term) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
