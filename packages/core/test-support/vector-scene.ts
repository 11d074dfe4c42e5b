/** A vector index over stores in memory that fail on demand, and a model whose vectors can be foretold. */
import { createHash } from "node:crypto";
import { RagError } from "../src/errors.ts";
import type { IndexedChunk } from "../src/model.ts";
import type { ChunkVector, Embedder, VectorCollection, VectorStore } from "../src/ports.ts";
import { passageOf } from "../src/retrieval/retriever.ts";
import type { EmbeddingStore, GenerationStore, IndexGeneration } from "../src/vectors/generations.ts";
import { createMemoryVectorStore } from "../src/vectors/memory-vector-store.ts";
import { createVectorIndex, type VectorIndex } from "../src/vectors/vector-index.ts";
import { createModelVectorizer, type Vectorizer } from "../src/vectors/vectorizer.ts";
import { createFakeTime, type FakeTime } from "./fake-time.ts";
import { createHashEmbedder, type HashEmbedderOptions } from "./hash-embedder.ts";
import { chunksOf } from "./small-index.ts";

const away = (): RagError => new RagError("store_unavailable", "the vector store is away");

export interface FaultyVectorStore extends VectorStore {
  /** Refuses everything from now on. */
  isAway: boolean;
  /** After so many more calls it is away, and the write in hand is done by half. */
  callsLeft: number;
  /** Generations whose collections open, and cannot be read or written. */
  readonly damaged: Set<number>;
  /** Ids in the collection of a generation, whatever is away. */
  idsOf(generation: number): Promise<readonly string[]>;
  generations(): Promise<readonly number[]>;
  /** Done behind everybody's back, such as a write that was given up and happened all the same. */
  write(generation: number, vectors: readonly ChunkVector[]): Promise<void>;
  /** Loses all collections. */
  wipe(): Promise<void>;
}

/** The store in memory, failing on demand. */
function createFaultyVectorStore(): FaultyVectorStore {
  const memory = createMemoryVectorStore();
  const handles = new Map<number, VectorCollection>();

  /** @returns whether the call may be carried out whole. */
  function call(): boolean {
    if (store.isAway) throw away();
    store.callsLeft -= 1;
    if (store.callsLeft < 0) store.isAway = true;
    return !store.isAway;
  }

  async function whole<T>(run: () => Promise<T>): Promise<T> {
    if (!call()) throw away();
    return await run();
  }

  /** Does all of it, or half of it and fails. */
  async function byHalf<T>(items: readonly T[], run: (items: readonly T[]) => Promise<void>): Promise<void> {
    const isWhole = call();
    await run(isWhole ? items : items.slice(0, items.length / 2));
    if (!isWhole) throw away();
  }

  function failing(collection: VectorCollection): VectorCollection {
    async function undamaged<T>(run: () => Promise<T>): Promise<T> {
      if (store.damaged.has(collection.description.generation)) throw away();
      return await run();
    }
    return {
      description: collection.description,
      upsert: (vectors) => undamaged(() => byHalf(vectors, (part) => collection.upsert(part))),
      remove: (chunkIds) => undamaged(() => byHalf(chunkIds, (part) => collection.remove(part))),
      listChunkIds: () => undamaged(() => whole(() => collection.listChunkIds())),
      nearest: (vector, options) => undamaged(() => whole(() => collection.nearest(vector, options))),
    };
  }

  const store: FaultyVectorStore = {
    isAway: false,
    callsLeft: Number.POSITIVE_INFINITY,
    damaged: new Set(),
    idsOf: async (generation) => [...((await handles.get(generation)?.listChunkIds()) ?? [])].sort(),
    generations: async () => (await memory.list()).map(({ generation }) => generation),
    write: async (generation, vectors) => await handles.get(generation)?.upsert(vectors),
    async wipe() {
      for (const { generation } of await memory.list()) await memory.drop(generation);
    },
    open: (description) =>
      whole(async () => {
        const collection = await memory.open(description);
        handles.set(description.generation, collection);
        return failing(collection);
      }),
    list: () => whole(() => memory.list()),
    drop: (generation) => whole(() => memory.drop(generation)),
    ping: () => whole(() => memory.ping()),
  };
  return store;
}

export function createMemoryGenerationStore(): GenerationStore {
  let last = 0;
  let rows: readonly IndexGeneration[] = [];
  return {
    listGenerations: async () => rows,
    async beginGeneration(of) {
      last += 1;
      const begun: IndexGeneration = { ...of, generation: last, state: "building" };
      rows = [...rows, begun];
      return begun;
    },
    async switchToGeneration(number, from) {
      const target = rows.find(({ generation }) => generation === number);
      if (target === undefined) throw new RagError("conflict", "no such generation");
      if (target.state === "live") return;
      const live = rows.find(({ state }) => state === "live")?.generation;
      if (from !== undefined && live !== from.live) throw new RagError("conflict", "another one is live");
      rows = rows.flatMap((row): IndexGeneration[] => {
        if (row === target) return [{ ...row, state: "live" }];
        if (row.state === "live") return [{ ...row, state: "previous" }];
        return row.state === "previous" ? [] : [row];
      });
    },
    async removeGeneration(number) {
      rows = rows.filter(({ generation, state }) => generation !== number || state === "live");
      return rows.every(({ generation }) => generation !== number);
    },
  };
}

export function createMemoryEmbeddingStore(): EmbeddingStore {
  const byEmbedder = new Map<string, Map<string, Float32Array>>();
  return {
    async loadEmbeddings(embedderId, digests) {
      const known = byEmbedder.get(embedderId);
      return new Map(digests.flatMap((digest) => (known?.has(digest) ? [[digest, known.get(digest) ?? new Float32Array()] as const] : [])));
    },
    async saveEmbeddings(embedderId, vectors) {
      byEmbedder.set(embedderId, new Map([...vectors, ...(byEmbedder.get(embedderId) ?? [])]));
    },
    listEmbeddingDigests: async () => new Set([...byEmbedder.values()].flatMap((vectors) => [...vectors.keys()])),
    async removeEmbeddings(digests) {
      let removed = 0;
      for (const vectors of byEmbedder.values()) for (const digest of digests) removed += Number(vectors.delete(digest));
      return removed;
    },
  };
}

export interface CountingEmbedder extends Embedder {
  /** Texts embedded as passages so far. */
  readonly passages: string[];
}

/** The embedder of words, and what it was given. */
export function createCountingEmbedder(options?: HashEmbedderOptions): CountingEmbedder {
  const embedder = createHashEmbedder(options);
  const passages: string[] = [];
  return {
    ...embedder,
    passages,
    async embed(texts, embedOptions) {
      if (embedOptions.purpose === "passage") passages.push(...texts);
      return await embedder.embed(texts, embedOptions);
    },
  };
}

export interface VectorScene {
  readonly index: VectorIndex;
  readonly store: FaultyVectorStore;
  readonly generations: GenerationStore;
  readonly embeddings: EmbeddingStore;
  readonly time: FakeTime;
  readonly lines: string[];
  /** Chunks in the record, by document. */
  readonly record: Map<string, readonly IndexedChunk[]>;
  /** Stores a document and tells the index. */
  put(documentId: string, ...texts: string[]): void;
  remove(documentId: string): void;
  /** Refreshes, and lets time pass until the index has come to rest. */
  settle(): Promise<void>;
  find(query: string, limit?: number): Promise<readonly string[]>;
}

export interface VectorSceneOptions {
  readonly embedder?: Embedder | undefined;
  /** In place of a model. */
  readonly vectorizer?: (() => Vectorizer | undefined) | undefined;
  /** What an earlier scene left behind, or has in use. */
  readonly after?: VectorScene | undefined;
  readonly isShared?: boolean | undefined;
}

export const digestOfChunk = async (chunk: IndexedChunk): Promise<string> => createHash("sha256").update(passageOf(chunk)).digest("hex");

export function createVectorScene({ embedder = createCountingEmbedder(), vectorizer, after, isShared }: VectorSceneOptions = {}): VectorScene {
  const store = after?.store ?? createFaultyVectorStore();
  const generations = after?.generations ?? createMemoryGenerationStore();
  const embeddings = after?.embeddings ?? createMemoryEmbeddingStore();
  const record = after?.record ?? new Map<string, readonly IndexedChunk[]>();
  const time = createFakeTime();
  const lines: string[] = [];
  const ofModel = createModelVectorizer({ embedder, embeddings, digestOf: digestOfChunk });
  const index = createVectorIndex({
    store,
    generations,
    embeddings,
    vectorizer: vectorizer ?? (() => ofModel),
    digestOf: digestOfChunk,
    listRecordedChunks: async () => new Set([...record.values()].flatMap((chunks) => chunks.map(({ id }) => id))),
    weight: 0.5,
    isShared,
    clock: time.clock,
    timers: time.timers,
    log: (level, message) => void lines.push(`${level}: ${message}`),
  });
  for (const chunks of record.values()) index.upsertDocument(chunks);
  return {
    index,
    store,
    generations,
    embeddings,
    time,
    lines,
    record,
    put(documentId, ...texts) {
      const version = createHash("md5").update(texts.join("\n")).digest("hex").slice(0, 8);
      const chunks = chunksOf(documentId, texts).map((chunk) => ({ ...chunk, id: `${documentId}.${version}.${chunk.ordinal}` }));
      record.set(documentId, chunks);
      index.upsertDocument(chunks);
    },
    remove(documentId) {
      record.delete(documentId);
      index.removeDocument(documentId);
    },
    async settle() {
      index.refresh();
      let isSettled = false;
      const settled = index.settled().then(() => {
        isSettled = true;
      });
      for (let turn = 0; turn < 200 && !isSettled; turn += 1) await time.advance(100);
      await settled;
    },
    async find(query, limit = 1) {
      return (await index.findNearest(query, { limit })).matches.map(({ chunkId }) => chunkId);
    },
  };
}

/** Number of the generation that answers; 0 for none. */
export const liveGeneration = ({ index }: VectorScene): number => index.status().live?.generation ?? 0;

/** A scene with the vectors of three documents. */
export async function fillVectorScene(options?: Parameters<typeof createVectorScene>[0]): Promise<VectorScene> {
  const scene = createVectorScene(options);
  scene.put("owl", "The owl sleeps in the barn.", "It hunts mice at night.");
  scene.put("bee", "The bee lives in the hive.");
  scene.put("cod", "The cod swims in the sea.");
  await scene.settle();
  return scene;
}
