/** The vectors of all chunks over their life: kept in step with the documents, rebuilt beside the live ones, switched in one step. */
import { RagError } from "../errors.ts";
import type { IndexedChunk } from "../model.ts";
import type { Clock, VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";
import { type NeighbourSearch, passageOf } from "../retrieval/retriever.ts";
import { type ChunkRegister, createChunkRegister } from "./chunk-register.ts";
import type { EmbeddingStore, GenerationStore, IndexGeneration } from "./generations.ts";
import { createRetryLoop } from "./retry-loop.ts";
import { synchronise, type Target } from "./synchronise.ts";
import { OutgrownError, type Vectorizer } from "./vectorizer.ts";

export interface VectorIndexDependencies {
  readonly store: VectorStore;
  readonly generations: GenerationStore;
  readonly embeddings: EmbeddingStore;
  /** What makes the vectors now; undefined while there is nothing that could. */
  readonly vectorizer: () => Vectorizer | undefined;
  /** Digest of what an embedding model reads of a chunk. */
  readonly digestOf: (chunk: IndexedChunk) => Promise<string>;
  /** Ids of all chunks in the record. */
  readonly listRecordedChunks: () => Promise<ReadonlySet<string>>;
  /** Share of an embedding model's nearness in the score of a hit, 0..1. */
  readonly weight: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface VectorIndexStatus {
  /** `serving` answers; `refused` needs an operator; the others heal by themselves. */
  readonly state: "waiting" | "building" | "serving" | "away" | "refused";
  /** What is wrong, and what to do about it. */
  readonly problem?: string | undefined;
  readonly live?: VectorCollectionDescription | undefined;
  /** Number of the generation that can be switched back to. */
  readonly previous?: number | undefined;
  readonly building?: { readonly generation: number; readonly done: number; readonly total: number } | undefined;
  readonly chunks: number;
  /** Chunks without a vector in the live generation; undefined while that is unknown. */
  readonly missing?: number | undefined;
}

export interface VectorIndex extends NeighbourSearch {
  /** Replaces the chunks of one document, from the next {@link refresh} on. */
  upsertDocument(chunks: readonly IndexedChunk[]): void;
  removeDocument(documentId: string): void;
  /** Begins to bring the vectors into step; resolves at once. */
  refresh(): void;
  /** Resolves when the vectors are in step, or cannot be without an operator. */
  settled(): Promise<void>;
  status(): VectorIndexStatus;
  /**
   * Builds the next generation beside the live one and switches to it. Questions are answered by the live one meanwhile.
   *
   * @throws RagError `conflict` while one is being built already, `not_ready` before there is anything to build with; what made it fail.
   */
  reindex(): Promise<VectorCollectionDescription>;
  /** @throws RagError `conflict` when there is no previous generation, or one of another embedding model. */
  switchBack(): Promise<VectorCollectionDescription>;
  /** Removes the previous generation. @returns whether there was one. */
  dropPrevious(): Promise<boolean>;
  /** Removes what is kept of these chunks at once. @returns what went; `vectors` is undefined when the store is away: then they go later. */
  forget(chunks: readonly IndexedChunk[]): Promise<{ readonly vectors: number | undefined; readonly embeddings: number }>;
  /** Names what answers, for keys of caches. */
  fingerprint(): string;
  /** The live collection for an examination; undefined when none is open. */
  liveTarget(): Target | undefined;
  readonly chunks: ChunkRegister;
  stop(): Promise<void>;
}

/** Documents named in one request to the store at most; beyond that more is asked for, and what does not belong is left out. */
const MAX_NAMED_DOCUMENTS = 500;
const WIDER_LOOK = 4;

export function createVectorIndex(dependencies: VectorIndexDependencies): VectorIndex {
  const { store, generations, embeddings, listRecordedChunks, clock, log } = dependencies;
  const register = createChunkRegister();
  const stopping = new AbortController();
  let live: LiveTarget | undefined;
  /** Something failed since the live collection was opened: it may be gone, or another one may have become live. */
  let isDoubtful = true;
  /** Collections may be left over that nobody can go back to. */
  let isUntidy = true;
  let previous: IndexGeneration | undefined;
  let building: VectorIndexStatus["building"];
  let refusal: RagError | undefined;
  let reindexing: Promise<VectorCollectionDescription> | undefined;
  /** Steps that look at or change what is live run one after the other. */
  let queue: Promise<unknown> = Promise.resolve();

  const loop = createRetryLoop({ run: bringIntoStep, onLateCheck: doubt, timers: dependencies.timers, clock, log });

  function doubt(): void {
    isDoubtful = true;
    if (live !== undefined) live.known = undefined;
  }

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = queue.then(step);
    queue = done.catch(() => undefined);
    return done;
  }

  const inStepWith = (onProgress?: Parameters<typeof synchronise>[1]["onProgress"]) => ({
    expected: () => register.byId,
    recorded: listRecordedChunks,
    signal: stopping.signal,
    onProgress,
  });

  async function open(of: IndexGeneration, vectorizer: Vectorizer): Promise<LiveTarget> {
    const { generation, embedderId, dimensions } = of;
    return { generation: of, vectorizer, known: undefined, collection: await store.open({ generation, embedderId, dimensions }) };
  }

  /** One pass: opens what is live, builds it when there is none, and brings it into step. */
  async function bringIntoStep(): Promise<void> {
    const vectorizer = dependencies.vectorizer();
    if (vectorizer === undefined) return;
    try {
      const isLive = await inTurn(() => keepLiveInStep(vectorizer));
      if (!isLive && refusal === undefined && building === undefined) await build(vectorizer);
    } catch (error) {
      doubt();
      if (!(error instanceof OutgrownError)) throw error;
      loop.trigger();
    }
  }

  /** False when there is nothing live that was made with this model. */
  async function keepLiveInStep(vectorizer: Vectorizer): Promise<boolean> {
    if (isDoubtful) {
      live = (await openLive(vectorizer)) ?? live;
      isDoubtful = false;
    }
    if (live?.vectorizer.id !== vectorizer.id) return false;
    await synchronise(live, inStepWith());
    if (isUntidy) await tidyUp(vectorizer);
    isUntidy = false;
    return true;
  }

  /** What the record calls live, if it was made with this model. */
  async function openLive(vectorizer: Vectorizer): Promise<LiveTarget | undefined> {
    const all = await generations.listGenerations();
    for (const { generation, state } of all) if (state === "building" && generation !== building?.generation) await discard(generation);
    previous = all.find(({ state }) => state === "previous");
    const found = all.find(({ state }) => state === "live");
    if (found === undefined) return undefined;
    if (found.embedderId === vectorizer.id && found.dimensions === vectorizer.dimensions) {
      refusal = undefined;
      return await open(found, vectorizer);
    }
    if (!vectorizer.isBuiltIn) refuse(mismatch(found, vectorizer));
    return undefined;
  }

  function refuse(error: RagError): void {
    if (refusal?.message !== error.message) log("error", error.message, {});
    refusal = error;
  }

  /** Fills the next generation, then switches to it in one step. */
  async function build(vectorizer: Vectorizer): Promise<VectorCollectionDescription> {
    const generation = await generations.beginGeneration({
      embedderId: vectorizer.id,
      dimensions: vectorizer.dimensions,
      createdAtMs: clock.now(),
    });
    const { generation: number } = generation;
    building = { generation: number, done: 0, total: register.byId.size };
    try {
      const next = await open(generation, vectorizer);
      const step = inStepWith(({ done, total }) => {
        building = { generation: number, done, total };
      });
      await loop.untilItWorks(() => synchronise(next, step), stopping.signal);
      return await inTurn(async () => {
        // What came while the last batch was written.
        await synchronise(next, step);
        return await switchTo(next);
      });
    } catch (error) {
      await discard(number).catch(() => undefined);
      throw error;
    } finally {
      building = undefined;
    }
  }

  async function switchTo(next: LiveTarget): Promise<VectorCollectionDescription> {
    const { generation } = next.generation;
    const from = live?.generation.generation;
    await generations.switchToGeneration(generation);
    live = next;
    refusal = undefined;
    log("info", "another generation of vectors is live", { generation, from, embedder: next.vectorizer.id });
    previous = (await generations.listGenerations().catch(() => [])).find(({ state }) => state === "previous");
    // The switch is done: what is left over may wait for the next run.
    isUntidy = true;
    loop.trigger();
    return next.collection.description;
  }

  /** Removes collections that nobody can go back to. */
  async function tidyUp({ id, isBuiltIn }: Vectorizer): Promise<void> {
    previous = (await generations.listGenerations()).find(({ state }) => state === "previous");
    // A space that was outgrown is not kept, so nothing made with it is of use.
    if (previous !== undefined && isBuiltIn && previous.embedderId !== id) {
      await discard(previous.generation);
      previous = undefined;
    }
    const listed = new Set((await generations.listGenerations()).map(({ generation }) => generation));
    for (const { generation } of await store.list()) if (!listed.has(generation)) await store.drop(generation);
  }

  async function discard(generation: number): Promise<void> {
    if (await generations.removeGeneration(generation)) await store.drop(generation);
  }

  return {
    chunks: register,
    upsertDocument: (chunks) => register.stage(chunks),
    removeDocument: (documentId) => register.stageRemoval(documentId),
    refresh() {
      register.apply();
      loop.trigger();
    },
    settled: () => loop.idle(),
    liveTarget: () => live,
    fingerprint: () => (live === undefined ? "none" : `${live.generation.generation}:${live.vectorizer.id}`),
    status() {
      const missing = live?.known === undefined ? undefined : countMissing(register, live.known);
      return {
        state: refusal !== undefined ? "refused" : loop.isFailing() ? "away" : live !== undefined ? "serving" : building ? "building" : "waiting",
        problem: refusal?.message ?? loop.problem(),
        live: live?.collection.description,
        previous: previous?.generation,
        building,
        chunks: register.byId.size,
        missing,
      };
    },

    async findNearest(query, { limit, filters, signal }) {
      const target = live;
      if (refusal !== undefined) throw refusal;
      if (target === undefined) throw new RagError("not_ready", "The vectors are being built.", { retryAfterSeconds: 5 });
      const vector = await target.vectorizer.embedQuery(query, signal);
      const admitted = register.admittedDocuments(filters);
      const isNamed = admitted !== undefined && admitted.size <= MAX_NAMED_DOCUMENTS;
      const options = {
        limit: admitted === undefined || isNamed ? limit : limit * WIDER_LOOK,
        documentIds: isNamed ? [...admitted] : undefined,
        signal,
      };
      const found = await target.collection.nearest(vector, options).catch((error: unknown) => {
        // The collection may be gone: the next run finds out, and makes it anew from the record.
        if (signal?.aborted !== true && !isDoubtful) {
          doubt();
          loop.trigger();
        }
        throw error;
      });
      const matches = admitted === undefined ? found : found.filter(({ chunkId }) => admitted.has(register.byId.get(chunkId)?.documentId ?? ""));
      return { matches: matches.slice(0, limit), weight: target.vectorizer.isBuiltIn ? 0 : dependencies.weight };
    },

    reindex() {
      const vectorizer = dependencies.vectorizer();
      if (vectorizer === undefined)
        return Promise.reject(new RagError("not_ready", "There is nothing to build vectors with yet.", { retryAfterSeconds: 5 }));
      if (reindexing !== undefined || building !== undefined) {
        return Promise.reject(new RagError("conflict", "A generation is being built already. GET /admin/index tells how far it is."));
      }
      reindexing = build(vectorizer).finally(() => {
        reindexing = undefined;
        loop.trigger();
      });
      return reindexing;
    },

    switchBack: () =>
      inTurn(async () => {
        const vectorizer = dependencies.vectorizer();
        const target = (await generations.listGenerations()).find(({ state }) => state === "previous");
        if (target === undefined) throw new RagError("conflict", "There is no previous generation to switch back to.");
        if (vectorizer?.id !== target.embedderId) throw mismatch(target, vectorizer);
        const back = await open(target, vectorizer);
        await synchronise(back, inStepWith());
        return await switchTo(back);
      }),

    dropPrevious: () =>
      inTurn(async () => {
        const target = (await generations.listGenerations()).find(({ state }) => state === "previous");
        if (target === undefined) return false;
        await discard(target.generation);
        previous = undefined;
        return true;
      }),

    async forget(chunks) {
      const ids = chunks.map(({ id }) => id);
      for (const documentId of new Set(chunks.map((chunk) => chunk.documentId))) register.stageRemoval(documentId);
      register.apply();
      const vectors = await inTurn(async () => {
        if (live === undefined) return undefined;
        const there = live.known === undefined ? ids : ids.filter((id) => live?.known?.has(id));
        await live.collection.remove(ids);
        for (const id of ids) live.known?.delete(id);
        return there.length;
      }).catch((error: unknown) => {
        // The next run lists what is there, and removes it then.
        doubt();
        loop.trigger();
        if (error instanceof RagError) return undefined;
        throw error;
      });
      const passages = new Set(chunks.map(passageOf));
      for (const chunk of register.byId.values()) passages.delete(passageOf(chunk));
      const unused = chunks.filter((chunk) => passages.has(passageOf(chunk)));
      return { vectors, embeddings: await embeddings.removeEmbeddings([...new Set(await Promise.all(unused.map(dependencies.digestOf)))]) };
    },

    async stop() {
      stopping.abort(new Error("the server is stopping"));
      await loop.stop();
      await reindexing?.catch(() => undefined);
      await queue;
    },
  };
}

type LiveTarget = Target & { readonly generation: IndexGeneration };

function countMissing({ byId }: ChunkRegister, known: ReadonlySet<string>): number {
  let missing = 0;
  for (const id of byId.keys()) if (!known.has(id)) missing += 1;
  return missing;
}

function mismatch(found: IndexGeneration, vectorizer: Vectorizer | undefined): RagError {
  return new RagError(
    "conflict",
    `Generation ${found.generation} of the vectors was made with ${found.embedderId} (${found.dimensions} dimensions), and the server is configured for ${vectorizer?.id ?? "none"} (${vectorizer?.dimensions ?? 0}). They are not mixed: run "rag reindex" to build the vectors anew, or configure the earlier model.`,
  );
}
