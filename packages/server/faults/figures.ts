/** Order statistics of what was timed. */

/** The smallest value that at least `share` of the values do not exceed. NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Median and greatest value in whole milliseconds, as a cell of the matrix. */
export function medianAndMax(values: readonly number[]): string {
  if (values.length === 0) return "–";
  return `${Math.round(quantile(values, 0.5))}, ${Math.round(quantile(values, 1))} ms`;
}
