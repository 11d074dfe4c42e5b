import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIGNAL_NAMES, type SignalName, type SignalTable } from "../retrieval/signals.ts";
import { scoreRelevance } from "./feature-reranker.ts";
import { TRAINED_RERANKER } from "./trained-reranker.ts";

function tableOf(signalOf: (name: SignalName, candidate: number) => number, candidates: number): SignalTable {
  const column = (name: SignalName) => Float32Array.from({ length: candidates }, (_, candidate) => signalOf(name, candidate));
  return {
    words: column("words"),
    characters: column("characters"),
    semanticCoarse: column("semanticCoarse"),
    semanticMiddle: column("semanticMiddle"),
    semanticFine: column("semanticFine"),
    sentence: column("sentence"),
    title: column("title"),
    bigrams: column("bigrams"),
    coverage: column("coverage"),
    feedback: column("feedback"),
  };
}

const NOTHING: Record<SignalName, number> = {
  words: 0,
  characters: 0,
  semanticCoarse: 0,
  semanticMiddle: 0,
  semanticFine: 0,
  sentence: 0,
  title: 0,
  bigrams: 0,
  coverage: 0,
  feedback: 0,
};

describe("scoreRelevance", () => {
  it("is the logistic function of the weighted signals", () => {
    const table = tableOf((name, candidate) => (name === "words" ? candidate : 0), 3);
    const scores = scoreRelevance(table, { bias: -1, weights: { ...NOTHING, words: 2 } });
    for (const [candidate, score] of scores.entries()) expect(score).toBeCloseTo(1 / (1 + Math.exp(1 - 2 * candidate)));
  });

  it("has nothing to say of no candidates", () => {
    expect(
      scoreRelevance(
        tableOf(() => 0, 0),
        TRAINED_RERANKER,
      ),
    ).toHaveLength(0);
  });
});

describe("the trained model", () => {
  it("never prefers a candidate that is weaker in every signal, and keeps its scores in 0..1", () => {
    const values = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: SIGNAL_NAMES.length, maxLength: SIGNAL_NAMES.length });
    fc.assert(
      fc.property(values, values, (stronger, shares) => {
        const signalOf = (name: SignalName, candidate: number): number => {
          const at = SIGNAL_NAMES.indexOf(name);
          return (stronger[at] ?? 0) * (candidate === 0 ? 1 : (shares[at] ?? 0));
        };
        const [first = 0, second = 1] = scoreRelevance(tableOf(signalOf, 2), TRAINED_RERANKER);
        expect(first).toBeGreaterThanOrEqual(second);
        expect(second).toBeGreaterThanOrEqual(0);
        expect(first).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("gives a candidate that is best in everything better than even odds, and one without any signal next to none", () => {
    const [best = 0, worst = 1] = scoreRelevance(
      tableOf((_, candidate) => 1 - candidate, 2),
      TRAINED_RERANKER,
    );
    expect(best).toBeGreaterThan(0.5);
    expect(worst).toBeLessThan(0.01);
  });
});
