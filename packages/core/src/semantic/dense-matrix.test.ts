import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { cholesky, createDenseMatrix, type DenseMatrix, invertTriangle, multiply, selectColumns, symmetricProduct } from "./dense-matrix.ts";

const pacer = createPacer();

function at(matrix: DenseMatrix, row: number, column: number): number {
  return matrix.values[column * matrix.rows + row] ?? 0;
}

function fill(rows: number, columns: number, entry: (row: number, column: number) => number): DenseMatrix {
  const matrix = createDenseMatrix(rows, columns);
  for (let column = 0; column < columns; column += 1) for (let row = 0; row < rows; row += 1) matrix.values[column * rows + row] = entry(row, column);
  return matrix;
}

/** Σ over the inner index, entry by entry. */
function plainProduct(a: DenseMatrix, b: DenseMatrix): DenseMatrix {
  return fill(a.rows, b.columns, (row, column) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k += 1) sum += at(a, row, k) * at(b, k, column);
    return sum;
  });
}

function transposed(matrix: DenseMatrix): DenseMatrix {
  return fill(matrix.columns, matrix.rows, (row, column) => at(matrix, column, row));
}

function expectSame(actual: DenseMatrix, expected: DenseMatrix): void {
  expect([actual.rows, actual.columns]).toEqual([expected.rows, expected.columns]);
  const scale = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (const [index, value] of expected.values.entries()) expect(Math.abs((actual.values[index] ?? 0) - value)).toBeLessThan(1e-9 * scale);
}

/** Sizes that do and do not divide into the blocks of the kernels. */
const size = fc.integer({ min: 1, max: 11 });
const entry = fc.double({ min: -10, max: 10, noNaN: true });

function matrixOf(rows: number, columns: number): fc.Arbitrary<DenseMatrix> {
  return fc
    .array(entry, { minLength: rows * columns, maxLength: rows * columns })
    .map((values) => ({ rows, columns, values: Float64Array.from(values) }));
}

describe("multiply", () => {
  it("agrees with the sum over the inner index, at any size", async () => {
    const factors = fc.tuple(fc.integer({ min: 1, max: 70 }), size, size).chain(([n, k, m]) => fc.tuple(matrixOf(n, k), matrixOf(k, m)));
    await fc.assert(
      fc.asyncProperty(factors, async ([a, b]) => expectSame(await multiply(a, b, pacer), plainProduct(a, b))),
      { numRuns: 50 },
    );
  });
});

describe("symmetricProduct", () => {
  it("agrees with the full product where the result is symmetric", async () => {
    const matrices = fc.tuple(size, size).chain(([rows, columns]) => matrixOf(rows, columns));
    await fc.assert(fc.asyncProperty(matrices, async (a) => expectSame(await symmetricProduct(a, a, pacer), plainProduct(transposed(a), a))));
  });
});

describe("cholesky", () => {
  it("gives a factor of which the square is the matrix, with an inverse", async () => {
    const tall = size.chain((columns) => matrixOf(columns + 5, columns));
    await fc.assert(
      fc.asyncProperty(tall, async (a) => {
        const gram = await symmetricProduct(a, a, pacer);
        for (let i = 0; i < gram.rows; i += 1) gram.values[i * gram.rows + i] = at(gram, i, i) + 1;
        const { factor, kept } = await cholesky(gram, pacer);
        expect(kept.toSorted((left, right) => left - right)).toEqual([...kept.keys()]);
        const reordered = fill(gram.rows, gram.rows, (row, column) => at(gram, kept[row] ?? 0, kept[column] ?? 0));
        expectSame(plainProduct(transposed(factor), factor), reordered);
        expectSame(
          plainProduct(factor, await invertTriangle(factor, pacer)),
          fill(gram.rows, gram.rows, (row, column) => (row === column ? 1 : 0)),
        );
      }),
    );
  });

  it("leaves out columns that add no direction: repeated, summed and empty ones", async () => {
    const independent = fill(6, 2, (row, column) => (row + 1) ** (column + 1));
    const columns = [
      (row: number) => at(independent, row, 0),
      () => 0,
      (row: number) => 3 * at(independent, row, 0),
      (row: number) => at(independent, row, 1),
    ];
    const a = fill(6, 5, (row, column) => columns[column]?.(row) ?? at(independent, row, 0) + at(independent, row, 1));
    const { factor, kept } = await cholesky(await symmetricProduct(a, a, pacer), pacer);
    expect(kept).toHaveLength(2);
    const span = selectColumns(a, kept);
    expectSame(plainProduct(transposed(factor), factor), plainProduct(transposed(span), span));
  });
});
