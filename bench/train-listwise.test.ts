import { describe, expect, it } from "vitest";
import { createRandomSource } from "../packages/core/src/semantic/random.ts";
import { type CandidateList, trainListwise } from "./train-listwise.ts";

/** Lists of ten candidates with two features each; `isRelevant` says which are relevant. */
function listsOf(count: number, isRelevant: (useful: number, noise: number, chance: number) => boolean): CandidateList[] {
  const random = createRandomSource(1);
  const unit = () => random() / 2 ** 32;
  return Array.from({ length: count }, () => {
    const features = Float64Array.from({ length: 20 }, unit);
    const relevant = Array.from({ length: 10 }, (_, row) => (isRelevant(features[row * 2] ?? 0, features[row * 2 + 1] ?? 0, unit()) ? 1 : 0));
    return { features, relevant, weight: 1 / count };
  });
}

describe("trainListwise", () => {
  it("weighs the feature that tells relevant candidates from others, and leaves noise alone", () => {
    const { weights } = trainListwise(
      listsOf(200, (useful) => useful > 0.8),
      2,
    );
    expect(weights[0]).toBeGreaterThan(5);
    expect(Math.abs(weights[1] ?? 1)).toBeLessThan(0.3 * (weights[0] ?? 0));
  });

  it("calibrates its scores: as many are relevant as the probabilities add up to", () => {
    const lists = listsOf(300, (useful, _, chance) => chance < 1 / (1 + Math.exp(-(6 * useful - 4))));
    const { bias, weights } = trainListwise(lists, 2);
    let expected = 0;
    let relevant = 0;
    for (const list of lists) {
      for (const [row, judgement] of list.relevant.entries()) {
        const logit = bias + weights.reduce((sum, weight, column) => sum + weight * (list.features[row * 2 + column] ?? 0), 0);
        expected += 1 / (1 + Math.exp(-logit));
        relevant += judgement;
      }
    }
    expect(expected / relevant).toBeCloseTo(1, 2);
    expect(weights[0]).toBeGreaterThan(4);
    expect(weights[0]).toBeLessThan(8);
  });
});
