import { array, assert, float, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { createTopScores } from "./top-scores.ts";

describe("the highest of many scores", () => {
  it("are those that a full sort finds", () => {
    assert(
      property(array(float({ noNaN: true })), (scores) => {
        for (const limit of [0, 1, 7]) {
          const top = createTopScores(limit);
          for (const [item, score] of scores.entries()) top.offer(item, score);
          const sorted = scores
            .map((score, item) => ({ item, score }))
            .sort((a, b) => (a.score > b.score ? -1 : a.score < b.score ? 1 : a.item - b.item));
          expect(top.drain()).toEqual(sorted.slice(0, limit));
        }
      }),
    );
  });
});
