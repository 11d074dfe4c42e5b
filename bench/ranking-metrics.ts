/** Measures of a ranking against judgements. */

/** Normalised discounted cumulative gain of the first `depth` results, linear gains as in trec_eval. */
export function ndcg(ranking: readonly string[], relevant: ReadonlyMap<string, number>, depth: number): number {
  const gain = (grade: number, rank: number): number => grade / Math.log2(rank + 2);
  const found = ranking.slice(0, depth).reduce((sum, id, rank) => sum + gain(relevant.get(id) ?? 0, rank), 0);
  const ideal = [...relevant.values()].sort((left, right) => right - left);
  const best = ideal.slice(0, depth).reduce((sum, grade, rank) => sum + gain(grade, rank), 0);
  return best === 0 ? 0 : found / best;
}

/** Share of the relevant documents among the first `depth` results. */
export function recall(ranking: readonly string[], relevant: ReadonlyMap<string, number>, depth: number): number {
  const found = ranking.slice(0, depth).filter((id) => relevant.has(id)).length;
  return relevant.size === 0 ? 0 : found / relevant.size;
}

/** Middle value; 0 for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
