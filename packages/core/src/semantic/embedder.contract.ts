/** What every embedder must do; each adapter's test calls this and adds only what is special to it. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Embedder } from "../ports.ts";

/** Cosine of two vectors of unit length. */
function cosine(left: Float32Array | undefined, right: Float32Array | undefined): number {
  if (left === undefined || right === undefined || left.length !== right.length) throw new Error("two vectors of the same length are compared");
  return left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
}

/**
 * Registers the contract's tests.
 *
 * @param makeEmbedder called once; whoever makes it closes it.
 */
export function embedderContract(name: string, makeEmbedder: () => Embedder | Promise<Embedder>): void {
  describe(`${name} as an embedder`, () => {
    let embedder: Embedder;
    const passages = (texts: readonly string[]) => embedder.embed(texts, { purpose: "passage" });
    beforeAll(async () => {
      embedder = await makeEmbedder();
    });

    it("gives a vector of unit length and of its dimensions for every text, the odd ones too", async () => {
      const texts = ["A short text.", "", " \n\t", "word ".repeat(20_000), "茶 🦉 \u0000 \ud800 é", "a".repeat(5_000)];
      for (const purpose of ["query", "passage"] as const) {
        const vectors = await embedder.embed(texts, { purpose });
        expect(vectors).toHaveLength(texts.length);
        for (const vector of vectors) {
          expect(vector).toHaveLength(embedder.dimensions);
          expect(cosine(vector, vector)).toBeCloseTo(1, 4);
        }
      }
    });

    it("gives nothing for nothing", async () => {
      expect(await passages([])).toEqual([]);
    });

    it("gives each text the vector that it has alone, in the order of the texts, whatever stands beside it", async () => {
      const texts = Array.from({ length: 40 }, (_, at) => `Paragraph ${at} speaks of ${"gardens and ".repeat((at * 7) % 13)}tea.`);
      const together = await passages(texts);
      for (const [at, text] of texts.entries()) expect(cosine((await passages([text]))[0], together[at])).toBeGreaterThan(0.9999);
      expect(cosine(together[0], together[1])).toBeLessThan(0.9999);
    });

    it("puts texts that share their words nearer than others", async () => {
      const [question] = await embedder.embed(["refund policy of the shop"], { purpose: "query" });
      const [near, far] = await passages(["The refund policy of the shop is generous.", "Whales migrate along both coasts."]);
      expect(cosine(question, near)).toBeGreaterThan(cosine(question, far) + 0.1);
    });

    it("gives vectors that can be handed to another thread one by one", async () => {
      const [first, second] = await passages(["one", "two"]);
      if (first === undefined || second === undefined) throw new Error("a vector is missing");
      structuredClone(first, { transfer: [first.buffer] });
      expect(second).toHaveLength(embedder.dimensions);
    });

    it("does not begin for somebody who has left", async () => {
      const reason = new Error("left");
      await expect(embedder.embed(["text"], { purpose: "query", signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
}
