/** What every store of embeddings must do. */

import { beforeEach, describe, expect, it } from "vitest";
import type { EmbeddingStore } from "./generations.ts";

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function embeddingStoreContract(name: string, makeStore: () => EmbeddingStore | Promise<EmbeddingStore>): void {
  describe(`${name} as a store of embeddings`, () => {
    let store: EmbeddingStore;
    beforeEach(async () => {
      store = await makeStore();
    });
    const load = async (embedderId: string, ...digests: string[]): Promise<Record<string, number[]>> =>
      Object.fromEntries([...(await store.loadEmbeddings(embedderId, digests))].map(([digest, vector]) => [digest, [...vector]]));

    it("gives back every vector to the last bit, under the model that made it alone", async () => {
      const vector = Float32Array.of(0.1, -3.4e38, 1e-45, Number.NaN, -0);
      await store.saveEmbeddings("a", new Map([["text", vector]]));
      expect(await load("a", "text", "other")).toEqual({ text: [...vector] });
      expect(await load("b", "text")).toEqual({});
    });

    it("keeps what it has when the same text is saved again", async () => {
      await store.saveEmbeddings("a", new Map([["text", Float32Array.of(1, 2)]]));
      await store.saveEmbeddings("a", new Map([["text", Float32Array.of(3, 4)]]));
      expect(await load("a", "text")).toEqual({ text: [1, 2] });
    });

    it("keeps more than fit into one statement, of models with many dimensions", async () => {
      const digests = Array.from({ length: 300 }, (_, at) => `text ${at}`);
      await store.saveEmbeddings("large", new Map(digests.map((digest, at) => [digest, new Float32Array(1_024).fill(at)])));
      const loaded = await store.loadEmbeddings("large", digests);
      expect(digests.map((digest) => loaded.get(digest)?.[1_023])).toEqual(digests.map((_, at) => at));
    });

    it("forgets a text under every model, and tells how many vectors went", async () => {
      await store.saveEmbeddings("a", new Map(["one", "two"].map((digest) => [digest, Float32Array.of(1)])));
      await store.saveEmbeddings("b", new Map([["one", Float32Array.of(1)]]));
      expect(await store.listEmbeddingDigests()).toEqual(new Set(["one", "two"]));
      expect(await store.removeEmbeddings(["one", "unknown"])).toBe(2);
      expect(await store.listEmbeddingDigests()).toEqual(new Set(["two"]));
      expect(await store.removeEmbeddings([])).toBe(0);
    });
  });
}
