import { describe, expect, it } from "vitest";
import { poolVectors, toRelevances } from "./output.ts";

describe("vectors of texts", () => {
  /** Two texts of three tokens at most, two dimensions; the last token of the second text is padding. */
  const hidden = { data: Float32Array.of(3, 0, 0, 0, 0, 12, 0, 1, 0, 3, 900, 900), dims: [2, 3, 2] };

  it("are the mean of the real tokens, of unit length", () => {
    const [first, second] = poolVectors(hidden, [3, 2], "mean");
    expect([...(first ?? [])]).toEqual([expect.closeTo(3 / Math.hypot(3, 12)), expect.closeTo(12 / Math.hypot(3, 12))]);
    expect([...(second ?? [])]).toEqual([0, 1]);
  });

  it("are that of the first token when the model was trained so", () => {
    expect(poolVectors(hidden, [3, 2], "cls").map((vector) => [...vector])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it("have unit length even where the tokens cancel out", () => {
    expect(poolVectors({ data: Float32Array.of(1, 1, -1, -1), dims: [1, 2, 2] }, [2], "mean")[0]).toEqual(Float32Array.of(1, 0));
  });
});

describe("relevances", () => {
  const relevances = (dims: readonly number[], ...data: number[]) => toRelevances({ data: Float32Array.from(data), dims }).map(([value]) => value);

  it("are the sigmoid of one logit", () => {
    expect(relevances([2, 1], 0, 2)).toEqual([0.5, expect.closeTo(0.880797, 5)]);
  });

  it("are the share of the second of two logits", () => {
    expect(relevances([2, 2], 1, 1, 3, 1)).toEqual([0.5, expect.closeTo(0.119203, 5)]);
  });

  it("are refused of a model that gives something else", () => {
    expect(() => relevances([1, 3], 1, 2, 3)).toThrow("the model gives 3 numbers for a pair of texts");
  });
});
