/** One search over one state: ranking, reranking, near-duplicates, evidence. */
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { SearchHit } from "../model.ts";
import { type RerankingModel, scoreRelevance } from "../reranking/feature-reranker.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { Candidates } from "./candidates.ts";
import { createEvidence } from "./evidence.ts";
import type { FusionWeights } from "./fusion.ts";
import type { HybridSearchOptions } from "./hybrid-index.ts";
import type { IndexState } from "./index-state.ts";
import { areNearDuplicates } from "./near-duplicates.ts";
import { blendNeighbours, type Neighbours, readNeighbours } from "./neighbours.ts";
import { type AnalyzedQuery, analyzeQuery } from "./query-analysis.ts";
import { type Ranking, rankCandidates } from "./ranking.ts";
import { SIGNAL_NAMES } from "./signals.ts";

export interface SearchContext {
  readonly analyzer: Analyzer;
  readonly vocabulary: Vocabulary;
  readonly weights: FusionWeights;
  /** Undefined leaves the order to the fusion. */
  readonly reranker: RerankingModel | undefined;
}

/** Candidates of the first stage at least; more when more hits are asked for. */
export const CANDIDATES = 200;
/** How many times more candidates are looked at, once, when copies of a text have taken the places of the hits behind them. */
const WIDER_LOOK = 8;

export function searchState(state: IndexState, text: string, options: HybridSearchOptions, context: SearchContext): SearchHit[] {
  if (options.limit <= 0) return [];
  const query = analyzeQuery(text, state, context.analyzer, context.vocabulary);
  const limit = Math.max(CANDIDATES, 2 * options.limit);
  const neighbours = options.neighbours === undefined ? undefined : readNeighbours(options.neighbours, state);
  let found = findDistinct(state, query, limit, neighbours, options, context);
  if (found.chosen.length < options.limit && found.ranking.candidates.chunks.length >= limit) {
    found = findDistinct(state, query, limit * WIDER_LOOK, neighbours, options, context);
  }
  const { ranking, scores, chosen } = found;
  const evidenceOf = createEvidence(text, state, context.analyzer, context.vocabulary);
  return chosen.flatMap((index) => {
    const entry = state.entries[ranking.candidates.chunks[index] ?? -1];
    if (entry === undefined) return [];
    const hit: SearchHit = {
      chunk: entry.chunk,
      score: scores[index] ?? 0,
      evidence: evidenceOf(entry, Math.min(1, ranking.signals.semanticMiddle[index] ?? 0)),
    };
    return [options.explain === true ? { ...hit, explanation: { signals: signalsOf(ranking, scores, index, neighbours) } } : hit];
  });
}

/** Ranks up to `limit` candidates and chooses, best first, those that say something of their own. */
function findDistinct(
  state: IndexState,
  query: AnalyzedQuery,
  limit: number,
  neighbours: Neighbours | undefined,
  options: HybridSearchOptions,
  { weights, reranker }: SearchContext,
) {
  const ranking = rankCandidates(state, query, limit, options.filters, weights, neighbours?.nearness.keys());
  const own = reranker === undefined ? ranking.fused : scoreRelevance(ranking.normalised, reranker);
  const scores = neighbours === undefined ? own : blendNeighbours(own, ranking.candidates.chunks, neighbours);
  const order = Array.from(scores.keys()).sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0));
  return { ranking, scores, chosen: chooseDistinct(state, query, ranking.candidates, order, options.limit) };
}

/** Every signal, what the fusion made of them, and the score that decided. */
function signalsOf(
  { candidates, normalised, fused }: Ranking,
  scores: Float64Array,
  index: number,
  neighbours: Neighbours | undefined,
): Record<string, number> {
  const signals = Object.fromEntries(SIGNAL_NAMES.map((name) => [name, normalised[name][index] ?? 0]));
  const nearness = neighbours && { nearness: neighbours.nearness.get(candidates.chunks[index] ?? -1) ?? 0 };
  return { ...signals, ...nearness, fused: fused[index] ?? 0, reranked: scores[index] ?? 0 };
}

/** Leaves out what a better hit says already, unless it has a term of the question that the better one lacks. */
function chooseDistinct(state: IndexState, query: AnalyzedQuery, candidates: Candidates, order: readonly number[], limit: number): number[] {
  const chosen: number[] = [];
  for (const index of order) {
    if (chosen.length >= limit) break;
    const entry = state.entries[candidates.chunks[index] ?? -1];
    if (entry === undefined) continue;
    const repeats = chosen.some((other) => {
      const better = state.entries[candidates.chunks[other] ?? -1];
      return better !== undefined && areNearDuplicates(better.wording, entry.wording) && !addsQueryTerm(entry.sequence, better.sequence, query);
    });
    if (!repeats) chosen.push(index);
  }
  return chosen;
}

function addsQueryTerm(sequence: Uint32Array, better: Uint32Array, query: AnalyzedQuery): boolean {
  return query.terms.ids.some((term) => sequence.includes(term) && !better.includes(term));
}
