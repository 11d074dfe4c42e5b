/** Dense kernels on column-major matrices: products of column pairs, Cholesky factors, products with small matrices. */
import type { Pacer } from "../pacing.ts";

/** `rows` × `columns`; entry (r, c) stands at `values[c * rows + r]`. */
export interface DenseMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export function createDenseMatrix(rows: number, columns: number): DenseMatrix {
  return { rows, columns, values: new Float64Array(rows * columns) };
}

/** Columns taken together in the inner loops, so that eight loads serve sixteen multiplications. */
const BLOCK = 4;

/**
 * Aᵀ·B for matrices with equally many rows, when the result is known to be symmetric (A = B, or B = S·A with S symmetric):
 * only half of it is computed.
 */
export async function symmetricProduct(a: DenseMatrix, b: DenseMatrix, pacer: Pacer): Promise<DenseMatrix> {
  const size = a.columns;
  const product = createDenseMatrix(size, size);
  for (let left = 0; left < size; left += BLOCK) {
    for (let right = left; right < size; right += BLOCK) dotBlock(a, b, left, right, product, 0);
    if (pacer.spend((size - left) * BLOCK * a.rows)) await pacer.pause();
  }
  const { values } = product;
  for (let column = 0; column < size; column += 1) {
    for (let row = 0; row < column; row += 1) values[row * size + column] = values[column * size + row] ?? 0;
  }
  return product;
}

/** Dot products of columns `left…left+3` of `a` with `right…right+3` of `b`, written to `into` at (left + shift, right). */
function dotBlock(a: DenseMatrix, b: DenseMatrix, left: number, right: number, into: DenseMatrix, shift: number): void {
  const { rows } = a;
  const lefts = Math.min(BLOCK, a.columns - left);
  const rights = Math.min(BLOCK, b.columns - right);
  const target = right * into.rows + left + shift;
  if (lefts === BLOCK && rights === BLOCK) {
    dotFullBlock(a.values, b.values, rows, left * rows, right * rows, into.values, target, into.rows);
    return;
  }
  for (let i = 0; i < lefts; i += 1) {
    for (let j = 0; j < rights; j += 1) {
      let sum = 0;
      for (let row = 0; row < rows; row += 1) sum += (a.values[(left + i) * rows + row] ?? 0) * (b.values[(right + j) * rows + row] ?? 0);
      into.values[target + j * into.rows + i] = sum;
    }
  }
}

function dotFullBlock(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  a0: number,
  b0: number,
  into: Float64Array,
  target: number,
  stride: number,
): void {
  const a1 = a0 + rows;
  const a2 = a1 + rows;
  const a3 = a2 + rows;
  for (let j = 0; j < BLOCK; j += 2) {
    const bj = b0 + j * rows;
    const bk = bj + rows;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let row = 0; row < rows; row += 1) {
      const x0 = a[a0 + row] ?? 0;
      const x1 = a[a1 + row] ?? 0;
      const x2 = a[a2 + row] ?? 0;
      const x3 = a[a3 + row] ?? 0;
      const y = b[bj + row] ?? 0;
      const z = b[bk + row] ?? 0;
      s0 += x0 * y;
      s1 += x1 * y;
      s2 += x2 * y;
      s3 += x3 * y;
      t0 += x0 * z;
      t1 += x1 * z;
      t2 += x2 * z;
      t3 += x3 * z;
    }
    const first = target + j * stride;
    into[first] = s0;
    into[first + 1] = s1;
    into[first + 2] = s2;
    into[first + 3] = s3;
    const second = first + stride;
    into[second] = t0;
    into[second + 1] = t1;
    into[second + 2] = t2;
    into[second + 3] = t3;
  }
}

/** A·B with a small B (as many rows as A has columns). */
export async function multiply(a: DenseMatrix, b: DenseMatrix, pacer: Pacer): Promise<DenseMatrix> {
  const product = createDenseMatrix(a.rows, b.columns);
  for (let from = 0; from < a.rows; from += TILE) {
    // Rows of A become columns of a tile that stays in the cache while all columns of B pass by: then both run along memory.
    const tile = transposeRows(a, from, Math.min(a.rows, from + TILE));
    for (let column = 0; column < b.columns; column += BLOCK) {
      for (let row = 0; row < tile.columns; row += BLOCK) dotBlock(tile, b, row, column, product, from);
      if (pacer.spend(tile.columns * b.rows * BLOCK)) await pacer.pause();
    }
  }
  return product;
}

/** Rows of a tile: 32 rows of 600 columns fill about 150 kB, a share of a common second-level cache. */
const TILE = 32;

function transposeRows(matrix: DenseMatrix, from: number, to: number): DenseMatrix {
  const turned = createDenseMatrix(matrix.columns, to - from);
  for (let column = 0; column < matrix.columns; column += 1) {
    for (let row = from; row < to; row += 1) {
      turned.values[(row - from) * matrix.columns + column] = matrix.values[column * matrix.rows + row] ?? 0;
    }
  }
  return turned;
}

/** An upper triangular factor and which columns of the original it spans. */
export interface CholeskyFactor {
  /** R with RᵀR = G over the kept columns, in their order; zero below the diagonal. */
  readonly factor: DenseMatrix;
  /** Positions of the kept columns, in the order they were taken; the others are linear combinations of them. */
  readonly kept: readonly number[];
}

/** What is left of a column below this share of the largest is rounding noise: the column adds no direction. */
const DEPENDENT = 1e-11;

/**
 * Cholesky factor of a symmetric positive semidefinite matrix. The column with most left is taken next, until nothing is left:
 * taking them as they come lets a nearly dependent one spoil all that follow.
 */
export async function cholesky(gram: DenseMatrix, pacer: Pacer): Promise<CholeskyFactor> {
  const size = gram.rows;
  const left = Float64Array.from({ length: size }, (_, column) => gram.values[column * size + column] ?? 0);
  const least = DEPENDENT * left.reduce((most, value) => Math.max(most, value), 0);
  const kept: number[] = [];
  const rows: Float64Array[] = [];
  while (kept.length < size) {
    const pivot = left.reduce((best, value, column) => (value > (left[best] ?? 0) ? column : best), 0);
    const rest = left[pivot] ?? 0;
    if (rest <= least) break;
    const row = gram.values.slice(pivot * size, (pivot + 1) * size);
    for (const earlier of rows) {
      const weight = earlier[pivot] ?? 0;
      for (let column = 0; column < size; column += 1) row[column] = (row[column] ?? 0) - weight * (earlier[column] ?? 0);
    }
    const scale = 1 / Math.sqrt(rest);
    for (let column = 0; column < size; column += 1) {
      const entry = (row[column] ?? 0) * scale;
      row[column] = entry;
      left[column] = (left[column] ?? 0) - entry * entry;
    }
    row[pivot] = Math.sqrt(rest);
    left[pivot] = 0;
    kept.push(pivot);
    rows.push(row);
    if (pacer.spend(rows.length * size)) await pacer.pause();
  }
  const factor = createDenseMatrix(kept.length, kept.length);
  for (const [column, original] of kept.entries()) {
    for (let row = 0; row <= column; row += 1) factor.values[column * kept.length + row] = rows[row]?.[original] ?? 0;
  }
  return { factor, kept };
}

/** The given columns of a matrix, in the given order. */
export function selectColumns(matrix: DenseMatrix, columns: readonly number[]): DenseMatrix {
  const selected = createDenseMatrix(matrix.rows, columns.length);
  for (const [index, column] of columns.entries()) {
    selected.values.set(matrix.values.subarray(column * matrix.rows, (column + 1) * matrix.rows), index * matrix.rows);
  }
  return selected;
}

/** Inverse of an upper triangular matrix. */
export async function invertTriangle(factor: DenseMatrix, pacer: Pacer): Promise<DenseMatrix> {
  const size = factor.rows;
  const inverse = createDenseMatrix(size, size);
  const { values } = inverse;
  for (let column = 0; column < size; column += 1) {
    const diagonal = factor.values[column * size + column] ?? 1;
    // Column c of R⁻¹ is (e_c − Σ_{k<c} R[k,c] · R⁻¹[:,k]) / R[c,c].
    for (let k = 0; k < column; k += 1) {
      const weight = factor.values[column * size + k] ?? 0;
      for (let row = 0; row <= k; row += 1) {
        values[column * size + row] = (values[column * size + row] ?? 0) - weight * (values[k * size + row] ?? 0);
      }
    }
    for (let row = 0; row < column; row += 1) values[column * size + row] = (values[column * size + row] ?? 0) / diagonal;
    values[column * size + column] = 1 / diagonal;
    if (pacer.spend((column * column) / 2)) await pacer.pause();
  }
  return inverse;
}
