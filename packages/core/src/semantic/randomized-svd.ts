/** Truncated singular value decomposition of a sparse matrix by random projection. */
import type { Pacer } from "../pacing.ts";
import { cholesky, createDenseMatrix, type DenseMatrix, invertTriangle, multiply, selectColumns, symmetricProduct } from "./dense-matrix.ts";
import { createRandomSource } from "./random.ts";
import { LANES, multiplyLanes, type SparseMatrix, transpose } from "./sparse-matrix.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface RandomizedSvdOptions {
  /** Number of singular directions wanted; fewer come back when the matrix has a smaller rank. */
  readonly rank: number;
  /** Extra random directions that sharpen the last wanted ones. Default 24. */
  readonly oversampling?: number | undefined;
  /** Seed of the projection. Default 1. */
  readonly seed?: number | undefined;
}

export interface RightSingularVectors {
  /** Number of directions found. */
  readonly rank: number;
  /** Singular values, descending. */
  readonly singularValues: Float64Array;
  /** V, row-major: entry (column c of A, direction d) stands at `vectors[c * rank + d]`. */
  readonly vectors: Float32Array;
}

/** Directions whose singular value is below this share of the largest are noise. */
const NEGLIGIBLE = 1e-6;

/**
 * Right singular vectors of `matrix`, after Halko, Martinsson and Tropp, "Finding Structure with Randomness" (2011):
 * Y = A·Aᵀ·A·Ω; a second power changed no ranking measured. The last step solves the small problem H·w = λ·G·w with G = YᵀY and
 * H = Yᵀ·A·Aᵀ·Y instead of forming an orthonormal Q, which saves a product as tall as the matrix. The price: G holds sixth powers of
 * the singular values, so directions below about 2 % of the largest drown in its rounding and are left out. Small matrices are exact.
 */
export async function randomizedSvd(matrix: SparseMatrix, options: RandomizedSvdOptions, pacer: Pacer): Promise<RightSingularVectors> {
  const limit = Math.min(matrix.rowCount, matrix.columnCount);
  const oversampling = options.oversampling ?? 24;
  const spansAll = options.rank >= limit;
  if (Math.min(limit, options.rank) <= 0) return { rank: 0, singularValues: new Float64Array(0), vectors: new Float32Array(0) };

  const turned = transpose(matrix);
  const sketch = await project(matrix, Math.min(limit, options.rank) + oversampling, options.seed ?? 1, pacer);
  // Where all directions are wanted the sketch spans them already: the power would only cost digits.
  const powered = spansAll ? sketch : await applyGram(matrix, turned, sketch, pacer);

  const { factor, kept } = await cholesky(await symmetricProduct(powered, powered, pacer), pacer);
  const span = selectColumns(powered, kept);
  const image = await applyGram(matrix, turned, span, pacer);
  const inverse = await invertTriangle(factor, pacer);
  const small = await symmetricProduct(inverse, await multiply(await symmetricProduct(span, image, pacer), inverse, pacer), pacer);
  const eigen = await symmetricEigen(small, pacer);

  const largest = Math.sqrt(Math.max(0, eigen.values[0] ?? 0));
  const singular = Array.from(eigen.values, (value) => Math.sqrt(Math.max(0, value))).filter((value) => value > largest * NEGLIGIBLE);
  const singularValues = Float64Array.from(singular.slice(0, options.rank));
  const rank = singularValues.length;
  const top = { rows: eigen.vectors.rows, columns: rank, values: eigen.vectors.values.subarray(0, rank * eigen.vectors.rows) };
  const left = await multiply(span, await multiply(inverse, top, pacer), pacer);
  return { rank, singularValues, vectors: await rightVectors(turned, left, singularValues, pacer) };
}

/** A·Ω with independent signs as Ω. */
async function project(matrix: SparseMatrix, size: number, seed: number, pacer: Pacer): Promise<DenseMatrix> {
  const random = createRandomSource(seed);
  const sketch = createDenseMatrix(matrix.rowCount, size);
  const signs = new Float64Array(matrix.columnCount * LANES);
  const product = new Float64Array(matrix.rowCount * LANES);
  for (let column = 0; column < size; column += LANES) {
    for (let at = 0; at < signs.length; at += 1) signs[at] = (random() & 1) === 0 ? 1 : -1;
    multiplyLanes(matrix, signs, product);
    scatterLanes(product, sketch, column);
    if (pacer.spend(matrix.values.length * LANES)) await pacer.pause();
  }
  return sketch;
}

/** A·Aᵀ·Y, four columns at a time, so that the wide intermediate never exists as a whole. */
async function applyGram(matrix: SparseMatrix, turned: SparseMatrix, y: DenseMatrix, pacer: Pacer): Promise<DenseMatrix> {
  const image = createDenseMatrix(y.rows, y.columns);
  const lanes = new Float64Array(matrix.rowCount * LANES);
  const between = new Float64Array(matrix.columnCount * LANES);
  for (let column = 0; column < y.columns; column += LANES) {
    gatherLanes(y, column, lanes);
    multiplyLanes(turned, lanes, between);
    multiplyLanes(matrix, between, lanes);
    scatterLanes(lanes, image, column);
    if (pacer.spend(2 * matrix.values.length * LANES)) await pacer.pause();
  }
  return image;
}

/** V = Aᵀ·U·Σ⁻¹. */
async function rightVectors(turned: SparseMatrix, left: DenseMatrix, singularValues: Float64Array, pacer: Pacer): Promise<Float32Array> {
  const rank = singularValues.length;
  const vectors = new Float32Array(turned.rowCount * rank);
  const lanes = new Float64Array(left.rows * LANES);
  const product = new Float64Array(turned.rowCount * LANES);
  for (let column = 0; column < rank; column += LANES) {
    gatherLanes(left, column, lanes);
    multiplyLanes(turned, lanes, product);
    const width = Math.min(LANES, rank - column);
    for (let row = 0; row < turned.rowCount; row += 1) {
      for (let lane = 0; lane < width; lane += 1) {
        vectors[row * rank + column + lane] = (product[row * LANES + lane] ?? 0) / (singularValues[column + lane] ?? 1);
      }
    }
    if (pacer.spend(turned.values.length * LANES)) await pacer.pause();
  }
  return vectors;
}

function gatherLanes(matrix: DenseMatrix, column: number, lanes: Float64Array): void {
  for (let lane = 0; lane < LANES; lane += 1) {
    const base = (column + lane) * matrix.rows;
    const present = column + lane < matrix.columns;
    for (let row = 0; row < matrix.rows; row += 1) lanes[row * LANES + lane] = present ? (matrix.values[base + row] ?? 0) : 0;
  }
}

function scatterLanes(lanes: Float64Array, matrix: DenseMatrix, column: number): void {
  const width = Math.min(LANES, matrix.columns - column);
  for (let lane = 0; lane < width; lane += 1) {
    const base = (column + lane) * matrix.rows;
    for (let row = 0; row < matrix.rows; row += 1) matrix.values[base + row] = lanes[row * LANES + lane] ?? 0;
  }
}
