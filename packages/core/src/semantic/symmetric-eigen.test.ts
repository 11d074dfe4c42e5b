import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { createDenseMatrix, type DenseMatrix } from "./dense-matrix.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

function symmetric(size: number, entries: readonly number[]): DenseMatrix {
  const matrix = createDenseMatrix(size, size);
  let next = 0;
  for (let column = 0; column < size; column += 1) {
    for (let row = 0; row <= column; row += 1) {
      const value = entries[next] ?? 0;
      next += 1;
      matrix.values[column * size + row] = value;
      matrix.values[row * size + column] = value;
    }
  }
  return matrix;
}

function columnsOf(matrix: DenseMatrix): number[][] {
  return Array.from({ length: matrix.columns }, (_, column) => [...matrix.values.subarray(column * matrix.rows, (column + 1) * matrix.rows)]);
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}

const matrices = fc.integer({ min: 1, max: 12 }).chain((size) => {
  const count = (size * (size + 1)) / 2;
  const value = fc.oneof(
    fc.constantFrom(0, 1),
    fc.integer({ min: -1000, max: 1000 }).map((eighths) => eighths / 8),
  );
  return fc.array(value, { minLength: count, maxLength: count }).map((entries) => symmetric(size, entries));
});

describe("symmetricEigen", () => {
  it("gives orthonormal eigenvectors with their eigenvalues, largest first, for any symmetric matrix", async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async (matrix) => {
        const { values, vectors } = await symmetricEigen(matrix, createPacer());
        const scale = matrix.values.reduce((most, entry) => Math.max(most, Math.abs(entry)), 1);
        const columns = columnsOf(vectors);
        for (const [index, vector] of columns.entries()) {
          const value = values[index] ?? 0;
          expect(value).toBeLessThanOrEqual((values[index - 1] ?? Number.POSITIVE_INFINITY) + 1e-9 * scale);
          for (const [other, otherVector] of columns.entries()) expect(dot(vector, otherVector)).toBeCloseTo(other === index ? 1 : 0, 9);
          const image = columnsOf(matrix).map((column) => dot(column, vector));
          for (const [row, entry] of image.entries())
            expect(Math.abs(entry - value * (vector[row] ?? 0))).toBeLessThan(1e-9 * scale * columns.length);
        }
      }),
    );
  });

  it("leaves the matrix as it was", async () => {
    const matrix = symmetric(3, [1, 2, 3, 4, 5, 6]);
    const before = [...matrix.values];
    await symmetricEigen(matrix, createPacer());
    expect([...matrix.values]).toEqual(before);
  });
});
