import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, measure, missedGates, type Observation } from "./measures.ts";
import type { EvaluationQuestion } from "./question-file.ts";

const question = (given: Partial<EvaluationQuestion> = {}): EvaluationQuestion => ({ question: "q", documents: [], answerable: true, ...given });
const observation = (given: Partial<Observation> = {}): Observation => ({ found: [], citations: [], answerable: true, ...given });
const cited = (path: string, quote = "words") => ({ path, quote });

const path = fc.constantFrom("a", "b", "c", "d");
const anyQuestion: fc.Arbitrary<EvaluationQuestion> = fc.oneof(
  fc.record({ question: fc.string(), documents: fc.array(path), answerable: fc.constant(true) }),
  fc.constant(question({ answerable: false })),
);
const anyObservation: fc.Arbitrary<Observation> = fc.record({
  found: fc.array(path),
  citations: fc.array(fc.record({ path, quote: fc.string() })),
  answerable: fc.boolean(),
});

describe("a question judged", () => {
  it("has the share of expected documents found, however often each was", () => {
    const given = question({ documents: ["a", "b"] });
    expect(judge(given, observation({ found: ["a", "x", "a"] })).recall).toBe(0.5);
    expect(judge(given, observation({ found: ["b", "a"] })).recall).toBe(1);
    expect(judge(question(), observation({ found: ["a"] })).recall).toBeNull();
  });

  it("counts a quote only where it comes from an expected document, in any spacing", () => {
    const given = question({ documents: ["a"], quote: "gold braid" });
    expect(judge(given, observation({ citations: [cited("a", "the gold\n  braid off a cap")] })).holdsQuote).toBe(true);
    expect(judge(given, observation({ citations: [cited("b", "the gold braid"), cited("a", "a cap")] })).holdsQuote).toBe(false);
    expect(judge(question({ quote: "gold braid" }), observation({ citations: [cited("b", "gold braid")] })).holdsQuote).toBe(true);
    expect(judge(question(), observation()).holdsQuote).toBeNull();
  });

  it("never loses recall by more passages, nor by their order", () => {
    fc.assert(
      fc.property(fc.array(path, { minLength: 1 }), fc.array(path), fc.array(path), (documents, found, more) => {
        const recallOf = (paths: readonly string[]) => judge(question({ documents }), observation({ found: paths })).recall ?? Number.NaN;
        expect(recallOf([...found, ...more])).toBeGreaterThanOrEqual(recallOf(found));
        expect(recallOf(found.toReversed())).toBe(recallOf(found));
        expect(recallOf(documents)).toBe(1);
      }),
    );
  });
});

describe("measures", () => {
  it("weigh each question the same, and each citation the same", () => {
    const judgements = [
      judge(question({ documents: ["a"], quote: "w" }), observation({ found: ["a"], citations: [cited("a"), cited("b"), cited("b")] })),
      judge(question({ documents: ["a", "b"], quote: "z" }), observation({ found: [], citations: [cited("a")], answerable: false })),
      judge(question({ answerable: false }), observation({ answerable: false })),
      judge(question({ answerable: false }), observation({ citations: [cited("x")] })),
    ];
    expect(measure(judgements)).toEqual({ questions: 4, recall: 0.5, citationPrecision: 0.5, quotes: 0.5, answered: 0.5, refusals: 0.5 });
  });

  it("are shares, whatever was asked and answered, in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyQuestion, anyObservation)), (pairs) => {
        const judgements = pairs.map(([given, seen]) => judge(given, seen));
        const { questions, ...shares } = measure(judgements);
        expect(questions).toBe(pairs.length);
        for (const [name, value] of Object.entries(shares)) {
          if (value !== null) expect(value).toSatisfy((share: number) => share >= 0 && share <= 1);
          const turned = Object.entries(measure(judgements.toReversed())).find(([other]) => other === name)?.[1];
          expect(turned ?? null).toSatisfy((other: number | null) => other === value || Math.abs((other ?? 9) - (value ?? 99)) < 1e-9);
        }
      }),
    );
  });

  it("are nothing where nothing was asked", () => {
    expect(measure([])).toEqual({ questions: 0, recall: null, citationPrecision: null, quotes: null, answered: null, refusals: null });
  });
});

describe("a gate", () => {
  const measures = measure([judge(question({ documents: ["a", "b"] }), observation({ found: ["a"], citations: [cited("a")] }))]);

  it("is missed below its minimum alone", () => {
    expect(missedGates(measures, { recall: 0.5, citationPrecision: 1 })).toEqual([]);
    expect(missedGates(measures, { recall: 0.51, answered: 1 })).toEqual(["recall"]);
  });

  it("is missed when there was nothing to measure", () => {
    expect(missedGates(measures, { refusals: 0 })).toEqual(["refusals"]);
  });
});
