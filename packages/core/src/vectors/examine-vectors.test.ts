/** Vectors compared with the record: what is found, and what a repair mends. */
import { describe, expect, it } from "vitest";
import { digestOfChunk, fillVectorScene, liveGeneration, type VectorScene } from "../../test-support/vector-scene.ts";
import { examineVectors } from "./examine-vectors.ts";

describe("an examination", () => {
  const examine = ({ index, store, generations, embeddings, record }: VectorScene) =>
    examineVectors({
      index,
      store,
      generations,
      embeddings,
      listRecordedChunks: async () => new Set([...record.values()].flatMap((chunks) => chunks.map(({ id }) => id))),
      digestOf: digestOfChunk,
    });

  it("finds nothing where everything is in step", async () => {
    const scene = await fillVectorScene();
    expect(await examine(scene)).toEqual({
      live: scene.index.status().live,
      missing: [],
      surplus: [],
      unfindable: [],
      unlisted: [],
      orphanedEmbeddings: [],
    });
  });

  it("finds a vector that is no longer what was written, and a reindex makes it anew", async () => {
    const scene = await fillVectorScene();
    const [damaged] = scene.record.get("bee") ?? [];
    const vector = new Float32Array(64).fill(1 / 8);
    await scene.store.write(liveGeneration(scene), [{ chunkId: damaged?.id ?? "", documentId: "bee", vector }]);
    expect(await examine(scene)).toMatchObject({ missing: [], surplus: [], unfindable: [damaged?.id] });
    await scene.index.reindex();
    expect(await examine(scene)).toMatchObject({ unfindable: [] });
  });

  it("takes texts that are alike for each other, however many there are", async () => {
    const scene = await fillVectorScene();
    for (let at = 0; at < 20; at += 1) scene.put(`copy-${at}`, "The hen lays eggs.");
    await scene.settle();
    expect(await examine(scene)).toMatchObject({ unfindable: [] });
  });

  it("finds what is missing and too much, and a repair mends it", async () => {
    const scene = await fillVectorScene();
    const vector = new Float32Array(64);
    await scene.store.write(liveGeneration(scene), [{ chunkId: "gone.0", documentId: "gone", vector }]);
    await scene.store.open({ generation: 77, embedderId: "forgotten", dimensions: 64 });
    await scene.embeddings.saveEmbeddings("hash-64-1", new Map([["digest of nothing", vector]]));
    const [first] = scene.record.get("bee") ?? [];
    await scene.index.liveTarget()?.collection.remove([first?.id ?? ""]);
    expect(await examine(scene)).toMatchObject({
      missing: [first?.id],
      surplus: ["gone.0"],
      unlisted: [77],
      orphanedEmbeddings: ["digest of nothing"],
    });
    await scene.index.repair();
    expect(await examine(scene)).toMatchObject({ missing: [], surplus: [], unlisted: [] });
  });

  it("does not wait for a store that is away", async () => {
    const scene = await fillVectorScene();
    scene.store.isAway = true;
    await scene.index.repair();
    expect(scene.index.status().state).toBe("away");
    await expect(examine(scene)).rejects.toMatchObject({ code: "store_unavailable" });
    await scene.index.stop();
  });
});
