import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createVectorScene, digestOfChunk, type VectorScene } from "../../core/test-support/vector-scene.ts";
import { createIndexAdministration, type IndexAdministration } from "./index-administration.ts";

interface Scene extends VectorScene {
  readonly administration: IndexAdministration;
  /** Ids that can be searched. */
  readonly searchable: Set<string>;
}

async function createScene(): Promise<Scene> {
  const scene = createVectorScene();
  scene.put("owl", "The owl sleeps in the barn.", "It hunts at night.");
  scene.put("bee", "The bee lives in the hive.");
  await scene.settle();
  const recorded = (): Set<string> => new Set([...scene.record.values()].flatMap((chunks) => chunks.map(({ id }) => id)));
  const searchable = recorded();
  const administration = createIndexAdministration({
    documents: {
      listChunkIds: async () => recorded(),
      listDocuments: async () => [...scene.record].map(([id, { length }]) => ({ ...DOCUMENT, id, chunkCount: length })),
    },
    search: {
      stats: () => ({ documents: 2, chunks: 3, terms: 1, termSpace: 1, dimensions: 0, generation: 1 }),
      chunkIds: () => searchable,
      async reload() {
        searchable.clear();
        for (const id of recorded()) searchable.add(id);
        return 1;
      },
    },
    vectors: { ...scene, digestOf: digestOfChunk },
    nowIso: () => "2026-01-01T00:00:00.000Z",
    log: pino({ level: "silent" }),
  });
  return { ...scene, administration, searchable };
}

const DOCUMENT = { path: "a.md", title: "A", format: "text", contentHash: "", sourceHash: "", sizeBytes: 1, updatedAtMs: 0 } as const;

describe("an examination of all stores", () => {
  it("finds nothing where all agree", async () => {
    const { administration } = await createScene();
    expect(await administration.examine({ repair: false })).toEqual({
      record: { documents: 2, chunks: 3 },
      examined: ["search index", "vectors", "collections", "embeddings"],
      findings: [],
      repaired: [],
    });
  });

  it("names what differs in each store, with examples, and changes nothing", async () => {
    const { administration, searchable, store, embeddings } = await createScene();
    const [first = ""] = searchable;
    searchable.delete(first);
    searchable.add("gone.0");
    await store.write(1, [{ chunkId: "orphan.0", documentId: "orphan", vector: new Float32Array(64) }]);
    await embeddings.saveEmbeddings("hash-64-1", new Map([["digest", new Float32Array(64)]]));
    const expected = [
      { store: "search index", kind: "missing", count: 1, examples: [first] },
      { store: "search index", kind: "surplus", count: 1, examples: ["gone.0"] },
      { store: "vectors", kind: "surplus", count: 1, examples: ["orphan.0"] },
      { store: "embeddings", kind: "surplus", count: 1, examples: ["digest"] },
    ];
    expect((await administration.examine({ repair: false })).findings).toEqual(expected);
    expect((await administration.examine({ repair: false })).findings).toEqual(expected);
  });

  it("names a vector that is not what was written, which a repair leaves to a reindex", async () => {
    const { administration, store, searchable } = await createScene();
    const [damaged = ""] = searchable;
    await store.write(1, [{ chunkId: damaged, documentId: "a.md", vector: new Float32Array(64).fill(1 / 8) }]);
    const findings = [{ store: "vectors", kind: "unfindable", count: 1, examples: [damaged] }];
    expect((await administration.examine({ repair: true })).findings).toEqual(findings);
  });

  it("mends all of it on demand, and says what it was", async () => {
    const { administration, searchable, store, embeddings } = await createScene();
    searchable.clear();
    await store.write(1, [{ chunkId: "orphan.0", documentId: "orphan", vector: new Float32Array(64) }]);
    await store.open({ generation: 9, embedderId: "forgotten", dimensions: 64 });
    await embeddings.saveEmbeddings("hash-64-1", new Map([["digest", new Float32Array(64)]]));
    const { findings, repaired } = await administration.examine({ repair: true });
    expect(findings).toEqual([]);
    expect(repaired.map(({ store: name, kind, count }) => [name, kind, count])).toEqual([
      ["search index", "missing", 3],
      ["vectors", "surplus", 1],
      ["collections", "surplus", 1],
      ["embeddings", "surplus", 1],
    ]);
  });

  it("says so when the vector store cannot be reached, and still looks at the rest", async () => {
    const { administration, store, searchable } = await createScene();
    store.isAway = true;
    searchable.add("gone.0");
    expect(await administration.examine({ repair: true })).toMatchObject({
      examined: ["search index"],
      findings: [{ store: "vectors", kind: "unreachable" }],
    });
  });
});

describe("building the vectors anew", () => {
  it("is begun, goes on beside, and is told about", async () => {
    const { administration, time } = await createScene();
    expect(administration.reindex().reindex).toMatchObject({ state: "running", finishedAt: null });
    expect(() => administration.reindex()).toThrow("already");
    await time.advance(100);
    expect(administration.describe()).toMatchObject({
      reindex: { state: "succeeded", error: null },
      vectors: { live: { generation: 2 }, previous: 1 },
    });
    expect((await administration.switchBack()).generation).toBe(1);
    expect(await administration.dropPrevious()).toBe(true);
  });

  it("is refused with what to set when no vectors are kept", async () => {
    const administration = createIndexAdministration({
      documents: { listChunkIds: async () => new Set(), listDocuments: async () => [] },
      search: {
        stats: () => ({ documents: 0, chunks: 0, terms: 0, termSpace: 0, dimensions: 0, generation: 0 }),
        chunkIds: () => new Set(),
        reload: async () => 0,
      },
      vectors: undefined,
      nowIso: () => "",
      log: pino({ level: "silent" }),
    });
    expect(() => administration.reindex()).toThrow("CHROMA_URL");
    expect(administration.describe().vectors).toBeNull();
    expect(await administration.examine({ repair: false })).toMatchObject({ examined: ["search index"], findings: [] });
  });
});
