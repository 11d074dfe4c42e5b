import { describe, expect, it } from "vitest";
import { type Documents, idsOf, indexOf, upsert } from "../../test-support/small-index.ts";
import { createHybridIndex } from "./hybrid-index.ts";

describe("words that are gone", () => {
  const round = (at: number): Documents =>
    Object.fromEntries(
      Array.from({ length: 10 }, (_, slot) => [
        `d${(at * 10 + slot) % 40}`,
        `shared words and ${Array.from({ length: 20 }, (_, word) => `token${at}x${slot}x${word}`).join(" ")}`,
      ]),
    );

  it("leave the vocabulary, so that it stays as small as the collection and its space", async () => {
    const index = createHybridIndex({ lsa: { maxRank: 5 } });
    const sizes: number[] = [];
    for (let at = 0; at < 30; at += 1) {
      upsert(index, round(at));
      await index.refresh();
      sizes.push(index.stats().termSpace);
    }
    // 40 documents of 20 words, as many again in a space that is not outgrown yet, and 10 that await a refresh.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * 802 + 202);
    expect(index.stats().terms).toBe(802);
  });

  it("give their numbers to others without a search of the old state mistaking one for the other", async () => {
    const index = await indexOf({ keep: "tea water", old: "walrus tusk" });
    index.removeDocument("old");
    await index.refresh();
    index.removeDocument("keep");
    await index.refresh({ train: false });
    upsert(index, { later: "giraffe neck zebra stripe" });
    expect(await idsOf(index, "giraffe zebra")).toEqual([]);
    upsert(index, { keep: "tea water" });
    await index.refresh();
    expect(await idsOf(index, "giraffe zebra")).toEqual(["later"]);
    expect((await idsOf(index, "tea"))[0]).toBe("keep");
    expect(await idsOf(index, "walrus tusk")).toEqual([]);
  });

  it("finds after many changes what an index finds that never saw anything else", async () => {
    const index = createHybridIndex({ lsa: { maxRank: 5 } });
    for (let at = 0; at < 12; at += 1) {
      upsert(index, round(at));
      await index.refresh({ train: false });
    }
    const fresh = createHybridIndex({ lsa: { maxRank: 5 } });
    for (let at = 8; at < 12; at += 1) upsert(fresh, round(at));
    await fresh.refresh({ train: false });
    for (const query of ["token11x3x7", "token9x0x1 token10x5x5", "shared token8x2x2", "token7x1x1"]) {
      const scores = async (each: typeof index) =>
        (await each.search(query, { limit: 40 })).map(({ chunk, score }) => `${chunk.documentId} ${score.toFixed(6)}`).sort();
      expect(await scores(index)).toEqual(await scores(fresh));
    }
    expect(index.fingerprint()).toBe(fresh.fingerprint());
  });
});
