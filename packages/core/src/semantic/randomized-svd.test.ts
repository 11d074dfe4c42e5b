import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { randomizedSvd } from "./randomized-svd.ts";
import { type SparseMatrix, transpose } from "./sparse-matrix.ts";

type Rows = readonly (readonly number[])[];

function toSparse(rows: Rows, columnCount: number): SparseMatrix {
  const entries = rows.map((row) => [...row.entries()].filter(([, value]) => value !== 0));
  const offsets = new Uint32Array(rows.length + 1);
  for (const [index, row] of entries.entries()) offsets[index + 1] = (offsets[index] ?? 0) + row.length;
  return {
    rowCount: rows.length,
    columnCount,
    offsets,
    columns: Uint32Array.from(entries.flat(), ([column]) => column),
    values: Float64Array.from(entries.flat(), ([, value]) => value),
  };
}

function toRows({ rowCount, columnCount, offsets, columns, values }: SparseMatrix): number[][] {
  return Array.from({ length: rowCount }, (_, row) => {
    const dense = new Array<number>(columnCount).fill(0);
    for (let at = offsets[row] ?? 0; at < (offsets[row + 1] ?? 0); at += 1) dense[columns[at] ?? 0] = values[at] ?? 0;
    return dense;
  });
}

/** One-sided Jacobi: columns of A are turned in pairs until all are orthogonal; their lengths are the singular values. */
function jacobiSingularValues(rows: Rows, columnCount: number): number[] {
  const columns = Array.from({ length: columnCount }, (_, column) => rows.map((row) => row[column] ?? 0));
  const dot = (left: readonly number[], right: readonly number[]) => left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  for (let sweep = 0; sweep < 40; sweep += 1) {
    for (const [p, left] of columns.entries()) {
      for (const [q, right] of columns.entries()) {
        const overlap = dot(left, right);
        if (q <= p || Math.abs(overlap) < 1e-14) continue;
        const ratio = (dot(right, right) - dot(left, left)) / (2 * overlap);
        const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const cosine = 1 / Math.hypot(1, tangent);
        const sine = cosine * tangent;
        for (const [index, x] of left.entries()) {
          const y = right[index] ?? 0;
          left[index] = cosine * x - sine * y;
          right[index] = sine * x + cosine * y;
        }
      }
    }
  }
  return columns.map((column) => Math.sqrt(dot(column, column))).sort((left, right) => right - left);
}

/** Smaller shares of the largest singular value lose digits: the method computes their squares. */
const VISIBLE = 2e-3;

const matrices = fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 })).chain(([rows, columns]) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 2, noNaN: true })), { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  }),
);

describe("randomizedSvd", () => {
  it("finds the singular values and directions of small matrices as Jacobi's method does", async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async ({ rows, columns }) => {
        const { rank, singularValues, vectors } = await randomizedSvd(toSparse(rows, columns), { rank: 20 }, createPacer());
        const expected = jacobiSingularValues(rows, columns);
        const largest = expected[0] ?? 0;
        for (const [index, value] of expected.entries()) {
          if (value > VISIBLE * largest) expect(singularValues[index]).toBeCloseTo(value, 4);
        }
        for (let direction = 0; direction < rank; direction += 1) {
          if ((singularValues[direction] ?? 0) <= VISIBLE * largest) continue;
          // A·v has the length of the singular value.
          const image = rows.map((row) => row.reduce((sum, value, column) => sum + value * (vectors[column * rank + direction] ?? 0), 0));
          expect(Math.hypot(...image)).toBeCloseTo(singularValues[direction] ?? 0, 3);
        }
      }),
    );
  });

  it("finds the leading directions of a large matrix of which they stand out", async () => {
    const topics = 3;
    const rows = Array.from({ length: 200 }, (_, row) =>
      Array.from({ length: 120 }, (_, column) => (row % topics === column % topics ? 1 : 0) + (((row * 31 + column * 17) % 13) - 6) / 100),
    );
    const { singularValues } = await randomizedSvd(toSparse(rows, 120), { rank: topics }, createPacer());
    const exact = jacobiSingularValues(rows, 120).slice(0, topics);
    for (const [index, value] of exact.entries()) expect(singularValues[index]).toBeCloseTo(value, 6);
  });

  it("returns no more directions than the matrix has, and none for an empty one", async () => {
    const repeated = Array.from({ length: 6 }, () => [1, 2, 0, 3]);
    expect((await randomizedSvd(toSparse(repeated, 4), { rank: 4 }, createPacer())).rank).toBe(1);
    expect((await randomizedSvd(toSparse([], 0), { rank: 4 }, createPacer())).rank).toBe(0);
    expect((await randomizedSvd(toSparse([[0, 0]], 2), { rank: 4 }, createPacer())).rank).toBe(0);
  });

  it("gives the same result for the same seed, and pauses as often as it is asked to", async () => {
    const matrix = toSparse([[1, 2, 0], [0, 1, 3], [2, 0, 1]], 3); // biome-ignore format: a matrix
    let pauses = 0;
    const impatient = createPacer(async () => {
      pauses += 1;
    });
    impatient.spend(1e9);
    const paced = await randomizedSvd(matrix, { rank: 2, seed: 7 }, impatient);
    expect(await randomizedSvd(matrix, { rank: 2, seed: 7 }, createPacer())).toEqual(paced);
    expect(pauses).toBe(1);
  });
});

describe("transpose", () => {
  it("turns rows into columns, and back", () => {
    fc.assert(
      fc.property(matrices, ({ rows, columns }) => {
        const matrix = toSparse(rows, columns);
        const turned = toRows(transpose(matrix));
        expect(turned).toEqual(Array.from({ length: columns }, (_, column) => rows.map((row) => row[column] ?? 0)));
        expect(toRows(transpose(transpose(matrix)))).toEqual(toRows(matrix));
      }),
    );
  });
});
