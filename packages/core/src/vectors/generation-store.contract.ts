/** What every store of generations must do. */

import { beforeEach, describe, expect, it } from "vitest";
import type { GenerationStore } from "./generations.ts";

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function generationStoreContract(name: string, makeStore: () => GenerationStore | Promise<GenerationStore>): void {
  describe(`${name} as a store of generations`, () => {
    let store: GenerationStore;
    beforeEach(async () => {
      store = await makeStore();
    });
    const begin = async (embedderId = "model-a"): Promise<number> =>
      (await store.beginGeneration({ embedderId, dimensions: 3, createdAtMs: 1_700_000_000_000 })).generation;
    const states = async (): Promise<(readonly [number, string])[]> =>
      (await store.listGenerations()).map(({ generation, state }) => [generation, state] as const);

    it("knows none at first", async () => {
      expect(await store.listGenerations()).toEqual([]);
    });

    it("gives each one that is begun a number of its own, also after one was removed", async () => {
      const first = await begin();
      expect(await store.removeGeneration(first)).toBe(true);
      const second = await begin("model-b");
      expect(second).toBeGreaterThan(first);
      expect(await store.listGenerations()).toEqual([
        { generation: second, embedderId: "model-b", dimensions: 3, state: "building", createdAtMs: 1_700_000_000_000 },
      ]);
    });

    it("makes one live, keeps the one before it as the previous one, and lets go of the ones before that", async () => {
      const [first, second, third] = [await begin(), await begin(), await begin()];
      for (const generation of [first, second, third]) await store.switchToGeneration(generation);
      expect(await states()).toEqual([
        [second, "previous"],
        [third, "live"],
      ]);
    });

    it("switches back and forth", async () => {
      const [first, second] = [await begin(), await begin()];
      for (const generation of [first, second, first]) await store.switchToGeneration(generation);
      expect(await states()).toEqual([
        [first, "live"],
        [second, "previous"],
      ]);
    });

    it("changes nothing when the one to switch to is gone, or live already", async () => {
      const first = await begin();
      await store.switchToGeneration(first);
      await store.switchToGeneration(first);
      await expect(store.switchToGeneration(first + 100)).rejects.toMatchObject({ code: "conflict" });
      expect(await states()).toEqual([[first, "live"]]);
    });

    it("changes nothing when another one is live than is expected", async () => {
      const [first, second, third] = [await begin(), await begin(), await begin()];
      await store.switchToGeneration(first, { live: undefined });
      await store.switchToGeneration(second, { live: first });
      for (const live of [undefined, first]) await expect(store.switchToGeneration(third, { live })).rejects.toMatchObject({ code: "conflict" });
      expect(await states()).toEqual([
        [first, "previous"],
        [second, "live"],
        [third, "building"],
      ]);
    });

    it("never removes what is live", async () => {
      const first = await begin();
      await store.switchToGeneration(first);
      expect(await store.removeGeneration(first)).toBe(false);
      expect(await states()).toEqual([[first, "live"]]);
    });

    it("has one that is live at most when several switch at once", async () => {
      const generations = await Promise.all(Array.from({ length: 6 }, () => begin()));
      await Promise.allSettled(generations.map((generation) => store.switchToGeneration(generation)));
      expect((await states()).filter(([, state]) => state === "live")).toHaveLength(1);
    });
  });
}
