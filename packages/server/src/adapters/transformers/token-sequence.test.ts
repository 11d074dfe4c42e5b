import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutSequence, groupByLength } from "./token-sequence.ts";

const CLS = 1;
const SEP = 2;
const special = new Set([0, CLS, SEP]);

describe("a text that is too long for the model", () => {
  it("loses its end and keeps the token that closes it", () => {
    const cut = cutSequence({ ids: [CLS, 10, 11, 12, 13, SEP], types: [0, 0, 0, 0, 0, 0] }, 4, special);
    expect(cut).toEqual({ ids: [CLS, 10, 11, SEP], types: [0, 0, 0, 0] });
  });

  it("keeps its question when it is a pair", () => {
    const pair = { ids: [CLS, 10, SEP, 20, 21, 22, SEP], types: [0, 0, 0, 1, 1, 1, 1] };
    expect(cutSequence(pair, 5, special)).toEqual({ ids: [CLS, 10, SEP, 20, SEP], types: [0, 0, 0, 1, 1] });
  });

  it("is cut to the length even if it is made of special tokens alone", () => {
    expect(cutSequence({ ids: [CLS, SEP, SEP, SEP], types: [0, 0, 0, 0] }, 2, special).ids).toHaveLength(2);
  });
});

it("leaves a text alone that fits", () => {
  const sequence = { ids: [CLS, 10, SEP], types: [0, 0, 0] };
  expect(cutSequence(sequence, 3, special)).toBe(sequence);
});

describe("groups by length", () => {
  it("hold each text once, in runs within the limit unless a text is alone", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 600 })), fc.integer({ min: 1, max: 2_000 }), (lengths, tokensPerRun) => {
        const groups = groupByLength(lengths, tokensPerRun);
        expect(groups.flat().sort((left, right) => left - right)).toEqual([...lengths.keys()]);
        for (const group of groups) {
          const longest = Math.max(...group.map((position) => lengths[position] ?? 0));
          if (group.length > 1) expect(group.length * longest).toBeLessThanOrEqual(tokensPerRun);
        }
      }),
    );
  });

  it("read less padding than runs in the order of the texts would", () => {
    const lengths = Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? 8 : 120));
    const tokensRead = groupByLength(lengths, 960).reduce((sum, group) => sum + group.length * Math.max(...group.map((at) => lengths[at] ?? 0)), 0);
    expect(tokensRead).toBeLessThan(1.2 * lengths.reduce((sum, length) => sum + length, 0));
  });
});
