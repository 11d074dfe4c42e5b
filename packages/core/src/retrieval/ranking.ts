/** Candidates with all their signals and their fused score: what the rerankers start from. */
import type { SearchFilters } from "../model.ts";
import { type Candidates, findCandidates } from "./candidates.ts";
import { computeFeedback, type FusionWeights, fuse, normaliseSignal, normaliseSignals } from "./fusion.ts";
import type { IndexState } from "./index-state.ts";
import type { AnalyzedQuery } from "./query-analysis.ts";
import { computeSignals, type SignalTable } from "./signals.ts";

export interface Ranking {
  readonly candidates: Candidates;
  /** In the unit of each signal. */
  readonly signals: SignalTable;
  /** Each signal divided by its maximum over the candidates. */
  readonly normalised: SignalTable;
  /** Weighted mean of the normalised signals, 0..1. */
  readonly fused: Float64Array;
}

/** Finds up to `limit` candidates and the neighbours, fuses their signals, feeds the best back, and fuses again. */
export function rankCandidates(
  state: IndexState,
  query: AnalyzedQuery,
  limit: number,
  filters: SearchFilters | undefined,
  weights: FusionWeights,
  neighbours?: Iterable<number>,
): Ranking {
  const candidates = findCandidates(state, query, limit, filters, neighbours);
  const first = computeSignals(state, query, candidates);
  const firstNormalised = normaliseSignals(first);
  const feedback = computeFeedback(state, candidates, fuse(firstNormalised, weights));
  const normalised = { ...firstNormalised, feedback: normaliseSignal(feedback) };
  return { candidates, signals: { ...first, feedback }, normalised, fused: fuse(normalised, weights) };
}
