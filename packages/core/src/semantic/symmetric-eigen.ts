/** Eigenvalues and eigenvectors of a real symmetric matrix: Householder tridiagonalisation, then implicit QL. */
import type { Pacer } from "../pacing.ts";
import type { DenseMatrix } from "./dense-matrix.ts";
import { createDenseMatrix } from "./dense-matrix.ts";

export interface SymmetricEigen {
  /** Descending. */
  readonly values: Float64Array;
  /** Column i is the unit eigenvector of `values[i]`. */
  readonly vectors: DenseMatrix;
}

/** QL steps per eigenvalue before giving up on further digits; two or three are usual. */
const MAX_STEPS = 50;

/** Golub and Van Loan, "Matrix Computations", 8.3.1 (tridiagonalisation) and 8.3.3 (implicit shifts). `matrix` is left as it is. */
export async function symmetricEigen(matrix: DenseMatrix, pacer: Pacer): Promise<SymmetricEigen> {
  const size = matrix.rows;
  const { diagonal, subdiagonal, basis } = await tridiagonalise(matrix, pacer);
  await diagonalise(diagonal, subdiagonal, basis, size, pacer);
  const order = Array.from(diagonal.keys()).sort((left, right) => (diagonal[right] ?? 0) - (diagonal[left] ?? 0));
  const vectors = createDenseMatrix(size, size);
  for (const [index, from] of order.entries()) vectors.values.set(basis.subarray(from * size, (from + 1) * size), index * size);
  return { values: Float64Array.from(order, (from) => diagonal[from] ?? 0), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** `subdiagonal[i]` couples i and i + 1; the last entry is 0. */
  readonly subdiagonal: Float64Array;
  /** Column-major orthogonal basis in which the matrix is tridiagonal. */
  readonly basis: Float64Array;
}

async function tridiagonalise(matrix: DenseMatrix, pacer: Pacer): Promise<Tridiagonal> {
  const size = matrix.rows;
  const work = matrix.values.slice();
  const reflectors: Float64Array[] = [];
  for (let step = 0; step + 2 < size; step += 1) {
    reflectors.push(reflect(work, size, step));
    if (pacer.spend(3 * (size - step) * (size - step))) await pacer.pause();
  }
  const diagonal = new Float64Array(size);
  const subdiagonal = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    diagonal[i] = work[i * size + i] ?? 0;
    if (i + 1 < size) subdiagonal[i] = work[i * size + i + 1] ?? 0;
  }
  const basis = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) basis[i * size + i] = 1;
  // The basis is H₀·H₁·…: applied from the last reflector on, each touches only the block it can change.
  for (let step = reflectors.length - 1; step >= 0; step -= 1) {
    const vector = reflectors[step];
    if (vector !== undefined) applyReflector(basis, size, step + 1, vector);
    if (pacer.spend(2 * (size - step) * (size - step))) await pacer.pause();
  }
  return { diagonal, subdiagonal, basis };
}

/** Zeroes column `step` below the subdiagonal by a two-sided reflection; returns the reflector, scaled so that H = I − v·vᵀ. */
function reflect(work: Float64Array, size: number, step: number): Float64Array {
  const first = step + 1;
  const length = size - first;
  const vector = work.slice(step * size + first, (step + 1) * size);
  let norm = 0;
  for (const entry of vector) norm += entry * entry;
  norm = Math.sqrt(norm);
  const head = vector[0] ?? 0;
  if (norm === 0) return new Float64Array(length);
  const target = head > 0 ? -norm : norm;
  vector[0] = head - target;
  const scale = 1 / Math.sqrt(norm * (norm + Math.abs(head)));
  for (let i = 0; i < length; i += 1) vector[i] = (vector[i] ?? 0) * scale;

  const image = new Float64Array(length);
  let overlap = 0;
  for (let column = 0; column < length; column += 1) {
    const base = (first + column) * size + first;
    let sum = 0;
    for (let row = 0; row < length; row += 1) sum += (work[base + row] ?? 0) * (vector[row] ?? 0);
    image[column] = sum;
    overlap += sum * (vector[column] ?? 0);
  }
  for (let i = 0; i < length; i += 1) image[i] = (image[i] ?? 0) - (overlap / 2) * (vector[i] ?? 0);
  for (let column = 0; column < length; column += 1) {
    const base = (first + column) * size + first;
    const imageAt = image[column] ?? 0;
    const vectorAt = vector[column] ?? 0;
    for (let row = 0; row < length; row += 1) {
      work[base + row] = (work[base + row] ?? 0) - (vector[row] ?? 0) * imageAt - (image[row] ?? 0) * vectorAt;
    }
  }
  work[step * size + first] = target;
  return vector;
}

/** Multiplies the block from (`first`, `first`) on by I − v·vᵀ from the left, column by column. */
function applyReflector(basis: Float64Array, size: number, first: number, vector: Float64Array): void {
  const length = vector.length;
  for (let column = first; column < size; column += 1) {
    const base = column * size + first;
    let sum = 0;
    for (let row = 0; row < length; row += 1) sum += (vector[row] ?? 0) * (basis[base + row] ?? 0);
    if (sum === 0) continue;
    for (let row = 0; row < length; row += 1) basis[base + row] = (basis[base + row] ?? 0) - sum * (vector[row] ?? 0);
  }
}

/** Implicit QL with Wilkinson's shift; turns `diagonal` into eigenvalues and the columns of `basis` into eigenvectors. */
async function diagonalise(diagonal: Float64Array, subdiagonal: Float64Array, basis: Float64Array, size: number, pacer: Pacer): Promise<void> {
  for (let low = 0; low < size; low += 1) {
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const high = findSplit(diagonal, subdiagonal, low, size);
      if (high === low) break;
      qlSweep(diagonal, subdiagonal, basis, size, low, high);
      if (pacer.spend((high - low) * size * 4)) await pacer.pause();
    }
  }
}

/** The first index from `low` on whose coupling to the next is negligible. */
function findSplit(diagonal: Float64Array, subdiagonal: Float64Array, low: number, size: number): number {
  let high = low;
  while (high + 1 < size) {
    const scale = Math.abs(diagonal[high] ?? 0) + Math.abs(diagonal[high + 1] ?? 0);
    if (Math.abs(subdiagonal[high] ?? 0) <= Number.EPSILON * scale) break;
    high += 1;
  }
  return high;
}

function qlSweep(diagonal: Float64Array, subdiagonal: Float64Array, basis: Float64Array, size: number, low: number, high: number): void {
  const coupling = subdiagonal[low] ?? 0;
  const start = diagonal[low] ?? 0;
  const half = ((diagonal[low + 1] ?? 0) - start) / (2 * coupling);
  let bulge = (diagonal[high] ?? 0) - start + coupling / (half + (half >= 0 ? 1 : -1) * Math.hypot(half, 1));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = high - 1; i >= low; i -= 1) {
    const far = sine * (subdiagonal[i] ?? 0);
    const near = cosine * (subdiagonal[i] ?? 0);
    const radius = Math.hypot(far, bulge);
    subdiagonal[i + 1] = radius;
    if (radius === 0) {
      // The bulge vanished early: the matrix has split, the rest belongs to the next sweep.
      diagonal[i + 1] = (diagonal[i + 1] ?? 0) - shift;
      subdiagonal[high] = 0;
      return;
    }
    sine = far / radius;
    cosine = bulge / radius;
    const lifted = (diagonal[i + 1] ?? 0) - shift;
    const moved = ((diagonal[i] ?? 0) - lifted) * sine + 2 * cosine * near;
    shift = sine * moved;
    diagonal[i + 1] = lifted + shift;
    bulge = cosine * moved - near;
    rotateColumns(basis, size, i, sine, cosine);
  }
  diagonal[low] = (diagonal[low] ?? 0) - shift;
  subdiagonal[low] = bulge;
  subdiagonal[high] = 0;
}

function rotateColumns(basis: Float64Array, size: number, column: number, sine: number, cosine: number): void {
  const left = column * size;
  const right = left + size;
  for (let row = 0; row < size; row += 1) {
    const x = basis[left + row] ?? 0;
    const y = basis[right + row] ?? 0;
    basis[right + row] = sine * x + cosine * y;
    basis[left + row] = cosine * x - sine * y;
  }
}
