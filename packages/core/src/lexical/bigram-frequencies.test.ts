import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer } from "../pacing.ts";
import { countBigrams } from "./bigram-frequencies.ts";

describe("countBigrams", () => {
  it("never counts fewer texts than hold a pair, and none where there is nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(30), { maxLength: 20 }), { maxLength: 10 }), fc.nat(30), fc.nat(30), async (texts, first, second) => {
        const sequences = texts.map((terms) => ({ sequence: Uint32Array.from(terms) }));
        const { documentFrequency } = await countBigrams(sequences, createPacer());
        const holds = (terms: readonly number[]) => terms.some((term, at) => at > 0 && term === second && terms[at - 1] === first);
        expect(documentFrequency(first, second)).toBeGreaterThanOrEqual(texts.filter(holds).length);
        if (texts.every(({ length }) => length < 2)) expect(documentFrequency(first, second)).toBe(0);
      }),
    );
  });

  it("counts a pair once per text and in its order only", async () => {
    const { documentFrequency } = await countBigrams(
      [{ sequence: Uint32Array.from([1, 2, 1, 2]) }, { sequence: Uint32Array.from([1, 2]) }],
      createPacer(),
    );
    expect(documentFrequency(1, 2)).toBe(2);
    expect(documentFrequency(2, 1)).toBe(1);
  });
});
