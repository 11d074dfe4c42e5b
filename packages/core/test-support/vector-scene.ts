/** A vector index over stores in memory that fail on demand, and a model whose vectors can be foretold. */
import { createHash } from "node:crypto";
import { RagError } from "../src/errors.ts";
import type { IndexedChunk } from "../src/model.ts";
import type { ChunkVector, Embedder, VectorCollection, VectorCollectionDescription, VectorStore } from "../src/ports.ts";
import { passageOf } from "../src/retrieval/retriever.ts";
import type { EmbeddingStore, GenerationStore, IndexGeneration } from "../src/vectors/generations.ts";
import { createVectorIndex, type VectorIndex } from "../src/vectors/vector-index.ts";
import { createModelVectorizer, type Vectorizer } from "../src/vectors/vectorizer.ts";
import { createFakeTime, type FakeTime } from "./fake-time.ts";
import { chunksOf } from "./small-index.ts";

const away = (): RagError => new RagError("store_unavailable", "the vector store is away");

export interface FaultyVectorStore extends VectorStore {
  /** Refuses everything from now on. */
  isAway: boolean;
  /** After so many more calls it is away, and the write in hand is done by half. */
  callsLeft: number;
  /** Ids in the collection of a generation. */
  idsOf(generation: number): readonly string[];
  generations(): readonly number[];
  /** Done behind everybody's back, such as a write that was given up and happened all the same. */
  write(generation: number, vectors: readonly ChunkVector[]): void;
  wipe(): void;
}

/** Keeps vectors in memory and compares all of them. */
function createFaultyVectorStore(): FaultyVectorStore {
  const collections = new Map<number, { readonly description: VectorCollectionDescription; readonly vectors: Map<string, ChunkVector> }>();

  function call(): boolean {
    if (store.isAway) throw away();
    store.callsLeft -= 1;
    if (store.callsLeft < 0) store.isAway = true;
    return !store.isAway;
  }

  function contentOf(generation: number): Map<string, ChunkVector> {
    const found = collections.get(generation);
    if (found === undefined) throw new RagError("store_unavailable", "the collection is gone");
    return found.vectors;
  }

  /** Does all of it, or half of it and fails. */
  function apply<T>(items: readonly T[], each: (item: T) => void): void {
    const isWhole = call();
    for (const item of isWhole ? items : items.slice(0, items.length / 2)) each(item);
    if (!isWhole) throw away();
  }

  const collectionOf = (description: VectorCollectionDescription): VectorCollection => ({
    description,
    async upsert(vectors) {
      const content = contentOf(description.generation);
      apply(vectors, (each) => content.set(each.chunkId, each));
    },
    async remove(ids) {
      const content = contentOf(description.generation);
      apply(ids, (id) => content.delete(id));
    },
    async listChunkIds() {
      if (!call()) throw away();
      return new Set(contentOf(description.generation).keys());
    },
    async nearest(vector, { limit, documentIds }) {
      if (!call()) throw away();
      const wanted = documentIds && new Set(documentIds);
      return [...contentOf(description.generation).values()]
        .filter(({ documentId }) => wanted?.has(documentId) ?? true)
        .map((each) => ({ chunkId: each.chunkId, similarity: each.vector.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0) }))
        .sort((left, right) => right.similarity - left.similarity)
        .slice(0, limit);
    },
  });

  const store: FaultyVectorStore = {
    isAway: false,
    callsLeft: Number.POSITIVE_INFINITY,
    idsOf: (generation) => [...(collections.get(generation)?.vectors.keys() ?? [])].sort(),
    generations: () => [...collections.keys()],
    write(generation, vectors) {
      for (const each of vectors) contentOf(generation).set(each.chunkId, each);
    },
    wipe: () => collections.clear(),
    async open(description) {
      if (!call()) throw away();
      const found = collections.get(description.generation);
      if (found === undefined) collections.set(description.generation, { description, vectors: new Map() });
      else if (found.description.embedderId !== description.embedderId) throw new RagError("conflict", "made with another model");
      return collectionOf(description);
    },
    async list() {
      if (!call()) throw away();
      return [...collections.values()].map(({ description }) => description);
    },
    async drop(generation) {
      if (!call()) throw away();
      collections.delete(generation);
    },
    async ping() {
      if (!call()) throw away();
      return "in memory";
    },
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
    async switchToGeneration(number) {
      const target = rows.find(({ generation }) => generation === number);
      if (target === undefined) throw new RagError("conflict", "no such generation");
      if (target.state === "live") return;
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

/** Each word has a direction of its own, so that texts are near by the share of their words. */
export function createWordEmbedder(id = "words-1", dimensions = 64): CountingEmbedder {
  const passages: string[] = [];
  return {
    id,
    dimensions,
    passages,
    async embed(texts, { purpose }) {
      if (purpose === "passage") passages.push(...texts);
      return texts.map((text) => {
        const vector = new Float32Array(dimensions);
        for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
          const at = createHash("md5").update(word).digest().readUInt16LE() % dimensions;
          vector[at] = (vector[at] ?? 0) + 1;
        }
        const length = Math.hypot(...vector) || 1;
        return vector.map((value) => value / length);
      });
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
  /** What an earlier scene left behind. */
  readonly after?: VectorScene | undefined;
}

export const digestOfChunk = async (chunk: IndexedChunk): Promise<string> => createHash("sha256").update(passageOf(chunk)).digest("hex");

export function createVectorScene({ embedder = createWordEmbedder(), vectorizer, after }: VectorSceneOptions = {}): VectorScene {
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
