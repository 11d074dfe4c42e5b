import { describe, expect, it } from "vitest";
import { mean, median, ndcg, recall } from "./ranking-metrics.ts";

describe("ndcg", () => {
  it("is 1 for the ideal order, less for a later find, and 0 for none", () => {
    const relevant = new Map([
      ["a", 2],
      ["b", 1],
    ]);
    expect(ndcg(["a", "b", "c"], relevant, 10)).toBe(1);
    expect(ndcg(["b", "a"], relevant, 10)).toBeCloseTo((1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3)));
    expect(ndcg(["c", "d"], relevant, 10)).toBe(0);
    expect(ndcg(["c", "a"], relevant, 1)).toBe(0);
  });

  it("is 0 where nothing is relevant", () => {
    expect(ndcg(["a"], new Map(), 10)).toBe(0);
  });
});

describe("recall, median and mean", () => {
  it("count as they should, also nothing", () => {
    expect(recall(["a", "c", "b"], new Map([["a", 1], ["b", 1]]), 2)).toBe(0.5); // biome-ignore format: one line
    expect(recall(["a"], new Map(), 2)).toBe(0);
    expect([median([3, 1, 2]), median([]), mean([1, 2]), mean([])]).toEqual([2, 0, 1.5, 0]);
  });
});
