/** Vectors written while Chroma is killed again and again: what the record's repair must be able to rely on. */
import { RagError, type VectorCollection } from "@rag-personal/core";
import { expect, it } from "vitest";
import { connectForTest } from "../../../test-support/chroma-scene.ts";
import { startChromaServer } from "../../../test-support/chroma-server.ts";
import { until } from "../../../test-support/redis-scene.ts";
import { createChromaVectorStore } from "./vector-store.ts";

const KILLS = 20;
const VECTORS = 5_000;
const DESCRIPTION = { generation: 1, embedderId: "test/embedder@1", dimensions: 64 };
const WRITTEN_AT_ONCE = 50;
const REMOVED = 100;
const ASKED_AT_ONCE = 10;

it(`has exactly the ids that were written, and finds each by its vector, after ${KILLS} kills among ${VECTORS} vectors (F8)`, {
  timeout: 300_000,
}, async () => {
  const server = await startChromaServer();
  const chroma = connectForTest(server.url, { queryTimeoutMs: 10_000 });
  const store = createChromaVectorStore(chroma);
  const vectors = await store.open(DESCRIPTION);
  const chunks = Array.from({ length: VECTORS }, (_, number) => ({
    chunkId: `chunk-${number}`,
    documentId: `doc-${number % 100}`,
    vector: vectorOf(number),
  }));
  let failures = 0;

  async function untilDone(change: (collection: VectorCollection) => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await change(vectors);
      } catch (error) {
        if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
        failures += 1;
        await until(() => chroma.state() === "ready", "Chroma did not return", 60_000);
      }
    }
  }

  let written = 0;
  let kills = 0;
  async function killAgainAndAgain(): Promise<void> {
    while (kills < KILLS) {
      const from = (kills + 0.5) * (VECTORS / KILLS);
      await until(() => written >= from, "nothing was written", 60_000);
      await server.kill();
      kills += 1;
      await server.restart();
    }
  }
  const killing = killAgainAndAgain();
  for (; written < VECTORS; written += WRITTEN_AT_ONCE) {
    const batch = chunks.slice(written, written + WRITTEN_AT_ONCE);
    await untilDone((collection) => collection.upsert(batch));
  }
  await killing;
  const removed = new Set(chunks.slice(0, REMOVED).map(({ chunkId }) => chunkId));
  await untilDone((collection) => collection.remove([...removed]));

  const left = chunks.filter(({ chunkId }) => !removed.has(chunkId));
  expect(kills).toBe(KILLS);
  expect(failures).toBeGreaterThan(0);
  expect(await vectors.listChunkIds()).toEqual(new Set(left.map(({ chunkId }) => chunkId)));
  // After a return searches are let in one at a time, until one of them is answered.
  await vectors.nearest(vectorOf(REMOVED), { limit: 1 });
  const missed: string[] = [];
  for (let at = 0; at < left.length; at += ASKED_AT_ONCE) {
    const asked = left.slice(at, at + ASKED_AT_ONCE);
    const answers = await Promise.all(asked.map(({ vector }) => vectors.nearest(vector, { limit: 1 })));
    for (const [place, { chunkId }] of asked.entries()) if (answers[place]?.[0]?.chunkId !== chunkId) missed.push(chunkId);
  }
  expect(missed).toEqual([]);
  console.info(`${kills} kills, ${failures} failed writes, ${left.length} vectors, all found`);
  chroma.close();
  await server.remove();
});

/** Of unit length, and unlike every other one. */
function vectorOf(seed: number): Float32Array {
  let state = seed + 1;
  const numbers = Array.from({ length: DESCRIPTION.dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (number) => number / length);
}
