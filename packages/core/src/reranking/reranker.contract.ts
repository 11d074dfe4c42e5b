/** What every reranker must do; each adapter's test calls this and adds only what is special to it. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Reranker } from "../ports.ts";

/**
 * Registers the contract's tests.
 *
 * @param makeReranker called once; whoever makes it closes it.
 */
export function rerankerContract(name: string, makeReranker: () => Reranker | Promise<Reranker>): void {
  describe(`${name} as a reranker`, () => {
    let reranker: Reranker;
    beforeAll(async () => {
      reranker = await makeReranker();
    });

    it("gives a relevance of 0..1 for every passage, the odd ones and those of a long question too", async () => {
      const passages = ["A short text.", "", " \n\t", "word ".repeat(20_000), "茶 🦉 \u0000 \ud800 é"];
      for (const question of ["What is short?", "", "question ".repeat(2_000)]) {
        const relevances = await reranker.rerank(question, passages, {});
        expect(relevances).toHaveLength(passages.length);
        for (const relevance of relevances) {
          expect(relevance).toBeGreaterThanOrEqual(0);
          expect(relevance).toBeLessThanOrEqual(1);
        }
      }
    });

    it("gives nothing for nothing", async () => {
      expect(await reranker.rerank("question", [], {})).toEqual([]);
    });

    it("finds the passage that has to do with the question, wherever it stands", async () => {
      const passages = ["Whales migrate along both coasts.", "The refund policy of the shop is generous.", "Buy tea. ".repeat(40)];
      const [whales = 1, refund = 0, tea = 1] = await reranker.rerank("refund policy of the shop", passages, {});
      expect(refund).toBeGreaterThan(Math.max(whales, tea));
      const turned = await reranker.rerank("refund policy of the shop", passages.toReversed(), {});
      expect(turned[1]).toBeCloseTo(refund, 4);
    });

    it("still tells passages apart when the question is long", async () => {
      const question = `${"please tell me all about the refund policy ".repeat(200)}`;
      const [refund = 0, whales = 1] = await reranker.rerank(question, ["The refund policy is generous.", "Whales migrate."], {});
      expect(refund).toBeGreaterThan(whales + 0.05);
    });

    it("does not begin for somebody who has left", async () => {
      const reason = new Error("left");
      await expect(reranker.rerank("question", ["passage"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
}
