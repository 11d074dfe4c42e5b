import { describe, expect, it } from "vitest";
import { createMemoryVectorStore } from "./memory-vector-store.ts";
import { vectorStoreContract } from "./vector-store.contract.ts";

vectorStoreContract("vectors in memory", createMemoryVectorStore, { runs: 500 });

describe("vectors in memory", () => {
  it("stay exact over several blocks, while rows come and go", async () => {
    const vectors = await createMemoryVectorStore().open({ generation: 1, embedderId: "e", dimensions: 3 });
    const angle = (number: number): Float32Array => Float32Array.of(Math.cos(number / 2_000), Math.sin(number / 2_000), 0);
    const all = Array.from({ length: 2_500 }, (_, number) => ({ chunkId: `c${number}`, documentId: `d${number % 3}`, vector: angle(number) }));
    await vectors.upsert(all);
    await vectors.remove(all.filter((_, number) => number % 2 === 1).map(({ chunkId }) => chunkId));
    expect((await vectors.listChunkIds()).size).toBe(1_250);
    for (const number of [0, 2, 1_022, 1_024, 2_048, 2_498])
      expect((await vectors.nearest(angle(number), { limit: 1 }))[0]?.chunkId).toBe(`c${number}`);
    await vectors.remove(all.map(({ chunkId }) => chunkId));
    expect(await vectors.nearest(angle(0), { limit: 3 })).toEqual([]);
    await vectors.upsert(all.slice(0, 1));
    expect(await vectors.listChunkIds()).toEqual(new Set(["c0"]));
  });
});
