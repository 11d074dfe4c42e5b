/** The hot loop of exact search: one vector against many, four rows at a time so that each load of the query serves four. */

/**
 * Dot products of the leading `dimension` numbers of the query with each of the first `into.length` rows.
 *
 * @param query of 64 bits, which spares the loop a conversion.
 * @param rank length of a row, in numbers.
 */
export function scanDots(query: Float64Array, vectors: Float32Array, rank: number, dimension: number, into: Float32Array): void {
  const count = into.length;
  let row = 0;
  for (; row + 4 <= count; row += 4) {
    const row0 = row * rank;
    const row1 = row0 + rank;
    const row2 = row1 + rank;
    const row3 = row2 + rank;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let at = 0; at < dimension; at += 1) {
      const value = query[at] ?? 0;
      sum0 += value * (vectors[row0 + at] ?? 0);
      sum1 += value * (vectors[row1 + at] ?? 0);
      sum2 += value * (vectors[row2 + at] ?? 0);
      sum3 += value * (vectors[row3 + at] ?? 0);
    }
    into[row] = sum0;
    into[row + 1] = sum1;
    into[row + 2] = sum2;
    into[row + 3] = sum3;
  }
  for (; row < count; row += 1) {
    let sum = 0;
    for (let at = 0; at < dimension; at += 1) sum += (query[at] ?? 0) * (vectors[row * rank + at] ?? 0);
    into[row] = sum;
  }
}
