import { describe, expect, it } from "vitest";
import { createVectorScene, liveGeneration } from "../../test-support/vector-scene.ts";
import type { Vectorizer } from "./vectorizer.ts";

describe("two servers over one record and one vector store", () => {
  it("that begin at once end with one generation, and both answer from it", async () => {
    const one = createVectorScene({ isShared: true });
    const two = createVectorScene({ isShared: true, after: one });
    for (const scene of [one, two]) {
      scene.put("owl", "The owl sleeps in the barn.");
      scene.put("bee", "The bee lives in the hive.");
    }
    await Promise.all([one.settle(), two.settle()]);
    expect(liveGeneration(one)).toBeGreaterThan(0);
    expect(liveGeneration(two)).toBe(liveGeneration(one));
    expect(await one.store.generations()).toEqual([liveGeneration(one)]);
    for (const scene of [one, two]) expect(await scene.find("hive")).toEqual([one.record.get("bee")?.[0]?.id]);
  });

  it("take the place of a generation that was made with something else", async () => {
    const vectorizerOf = (id: string): Vectorizer => {
      const vector = Float32Array.of(1, 0, 0);
      return { id, dimensions: 3, isBuiltIn: true, embedQuery: async () => vector, embedChunks: async (chunks) => chunks.map(() => vector) };
    };
    const one = createVectorScene({ isShared: true, vectorizer: () => vectorizerOf("space-1") });
    one.put("owl", "The owl sleeps in the barn.");
    await one.settle();
    const two = createVectorScene({ isShared: true, vectorizer: () => vectorizerOf("space-2"), after: one });
    await two.settle();
    expect(two.index.status().live).toMatchObject({ embedderId: "space-2" });
  });

  it("leave alone what the other one is building", async () => {
    const one = createVectorScene({ isShared: true });
    one.put("owl", "The owl sleeps in the barn.");
    await one.settle();
    const { generation } = await one.generations.beginGeneration({ embedderId: "another", dimensions: 3, createdAtMs: one.time.clock.now() });
    const two = createVectorScene({ isShared: true, after: one });
    await two.settle();
    expect((await two.generations.listGenerations()).map((each) => each.generation)).toContain(generation);
    const alone = createVectorScene({ after: one });
    await alone.settle();
    expect((await alone.generations.listGenerations()).map((each) => each.generation)).not.toContain(generation);
  });
});
