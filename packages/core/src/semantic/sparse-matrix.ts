/** Sparse matrices in compressed rows, and the one product that training needs. */

export interface SparseMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  /** `rowCount + 1` positions into `columns` and `values`. */
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** Columns of a dense operand handled at once: the indices are read once for all four. */
export const LANES = 4;

/** `into = A · x`, where `x` holds {@link LANES} interleaved columns (`x[column * 4 + lane]`), and so does `into`. */
export function multiplyLanes(matrix: SparseMatrix, x: Float64Array, into: Float64Array): void {
  const { rowCount, offsets, columns, values } = matrix;
  let at = 0;
  for (let row = 0; row < rowCount; row += 1) {
    const end = offsets[row + 1] ?? 0;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (; at < end; at += 1) {
      const value = values[at] ?? 0;
      const base = (columns[at] ?? 0) * LANES;
      sum0 += value * (x[base] ?? 0);
      sum1 += value * (x[base + 1] ?? 0);
      sum2 += value * (x[base + 2] ?? 0);
      sum3 += value * (x[base + 3] ?? 0);
    }
    const target = row * LANES;
    into[target] = sum0;
    into[target + 1] = sum1;
    into[target + 2] = sum2;
    into[target + 3] = sum3;
  }
}

/** The transpose, as compressed rows again. */
export function transpose(matrix: SparseMatrix): SparseMatrix {
  const { rowCount, columnCount, offsets, columns, values } = matrix;
  const turned = new Uint32Array(columnCount + 1);
  for (const column of columns) turned[column + 1] = (turned[column + 1] ?? 0) + 1;
  for (let column = 0; column < columnCount; column += 1) turned[column + 1] = (turned[column + 1] ?? 0) + (turned[column] ?? 0);
  const cursors = turned.slice(0, columnCount);
  const rows = new Uint32Array(columns.length);
  const turnedValues = new Float64Array(values.length);
  for (let row = 0; row < rowCount; row += 1) {
    for (let at = offsets[row] ?? 0; at < (offsets[row + 1] ?? 0); at += 1) {
      const column = columns[at] ?? 0;
      const position = cursors[column] ?? 0;
      cursors[column] = position + 1;
      rows[position] = row;
      turnedValues[position] = values[at] ?? 0;
    }
  }
  return { rowCount: columnCount, columnCount: rowCount, offsets: turned, columns: rows, values: turnedValues };
}
