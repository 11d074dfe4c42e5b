import { describe, expect, it } from "vitest";
import { countTerms } from "../lexical/term-counts.ts";
import { createPacer } from "../pacing.ts";
import { isUnfamiliar, measureFamiliarity } from "./familiarity.ts";
import { trainLsa } from "./lsa.ts";

function sourceOf(texts: readonly (readonly number[])[]) {
  const counted = texts.map((text) => countTerms(text));
  return { documentCount: texts.length, termCount: 20, termCounts: (document: number) => counted[document] ?? countTerms([]) };
}

describe("measureFamiliarity", () => {
  it("is the share of occurrences that the space has a word for", async () => {
    const model = await trainLsa(
      sourceOf([
        [1, 2],
        [2, 3],
        [1, 3],
      ]),
      createPacer(),
    );
    expect(
      (
        await measureFamiliarity(
          model,
          sourceOf([
            [1, 1, 2],
            [9, 9, 9, 9, 3],
          ]),
          createPacer(),
        )
      ).share,
    ).toBe(0.5);
    expect((await measureFamiliarity(model, sourceOf([]), createPacer())).share).toBe(1);
  });

  it("keeps what was known at training", async () => {
    const model = await trainLsa(
      sourceOf([
        [1, 2],
        [2, 3],
      ]),
      createPacer(),
    );
    const { atTraining } = await measureFamiliarity(model, sourceOf([[1, 9]]), createPacer(), { share: 0.8, atTraining: 0.8 });
    expect(atTraining).toBe(0.8);
  });
});

describe("isUnfamiliar", () => {
  it("begins below seven tenths of what was known at training", () => {
    expect(isUnfamiliar({ share: 0.71, atTraining: 1 })).toBe(false);
    expect(isUnfamiliar({ share: 0.69, atTraining: 1 })).toBe(true);
    expect(isUnfamiliar({ share: 0.45, atTraining: 0.6 })).toBe(false);
    expect(isUnfamiliar({ share: 0.4, atTraining: 0.6 })).toBe(true);
  });
});
