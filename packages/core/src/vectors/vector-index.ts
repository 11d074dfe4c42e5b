/** The vectors of all chunks over their life: kept in step with the documents, rebuilt beside the live ones, switched in one step. */
import { RagError } from "../errors.ts";
import type { IndexedChunk } from "../model.ts";
import type { VectorCollectionDescription } from "../ports.ts";
import { type NeighbourSearch, passageOf } from "../retrieval/retriever.ts";
import { type ChunkRegister, createChunkRegister } from "./chunk-register.ts";
import { createGenerationKeeper, type GenerationKeeper, type GenerationKeeperDependencies } from "./generation-keeper.ts";
import type { EmbeddingStore } from "./generations.ts";
import type { LiveTarget } from "./live-target.ts";

export interface VectorIndexDependencies extends Omit<GenerationKeeperDependencies, "expected"> {
  readonly embeddings: Pick<EmbeddingStore, "removeEmbeddings">;
  /** Digest of what an embedding model reads of a chunk. */
  readonly digestOf: (chunk: IndexedChunk) => Promise<string>;
  /** Share of an embedding model's nearness in the score of a hit, 0..1. */
  readonly weight: number;
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
  /** To be called when the store has come back: what waits for its next attempt is tried at once. */
  storeReturned(): void;
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
  /** Looks at all collections anew and mends what it can; resolves when that was tried. */
  repair(): Promise<void>;
  /** Names what answers, for keys of caches. */
  fingerprint(): string;
  /** The live collection for an examination; undefined when none is open. */
  liveTarget(): LiveTarget | undefined;
  readonly chunks: ChunkRegister;
  stop(): Promise<void>;
}

/** Documents named in one request to the store at most; beyond that more is asked for, and what does not belong is left out. */
const MAX_NAMED_DOCUMENTS = 500;
const WIDER_LOOK = 4;

export function createVectorIndex(dependencies: VectorIndexDependencies): VectorIndex {
  const register = createChunkRegister();
  const keeper = createGenerationKeeper({ ...dependencies, expected: () => register.byId });

  return {
    chunks: register,
    upsertDocument: (chunks) => register.stage(chunks),
    removeDocument: (documentId) => register.stageRemoval(documentId),
    refresh() {
      register.apply();
      keeper.trigger();
    },
    storeReturned: () => keeper.hurry(),
    settled: () => keeper.idle(),
    liveTarget: () => keeper.live,
    fingerprint: () => (keeper.live === undefined ? "none" : `${keeper.live.generation.generation}:${keeper.live.vectorizer.id}`),
    reindex: () => keeper.rebuild(),
    switchBack: () => keeper.switchBack(),
    dropPrevious: () => keeper.dropPrevious(),
    repair: () => keeper.repair(),
    stop: () => keeper.stop(),

    status() {
      const { live, previous, building, refusal, problem } = keeper;
      return {
        state: stateOf(keeper),
        problem: refusal?.message ?? problem,
        live: live?.collection.description,
        previous: previous?.generation,
        building,
        chunks: register.byId.size,
        missing: live?.known === undefined ? undefined : countMissing(register, live.known),
      };
    },

    async findNearest(query, { limit, filters, signal }) {
      const { live, refusal } = keeper;
      if (refusal !== undefined) throw refusal;
      if (live === undefined) throw new RagError("not_ready", "The vectors are being built.", { retryAfterSeconds: 5 });
      const vector = await live.vectorizer.embedQuery(query, signal);
      const admitted = register.admittedDocuments(filters);
      const isNamed = admitted !== undefined && admitted.size <= MAX_NAMED_DOCUMENTS;
      const options = {
        limit: admitted === undefined || isNamed ? limit : limit * WIDER_LOOK,
        documentIds: isNamed ? [...admitted] : undefined,
        signal,
      };
      const found = await live.collection.nearest(vector, options).catch((error: unknown) => {
        // The collection may be gone: the next run finds out, and makes it anew from the record.
        if (signal?.aborted !== true) {
          keeper.doubt();
          keeper.trigger();
        }
        throw error;
      });
      const matches = admitted === undefined ? found : found.filter(({ chunkId }) => admitted.has(register.byId.get(chunkId)?.documentId ?? ""));
      return { matches: matches.slice(0, limit), weight: live.vectorizer.isBuiltIn ? 0 : dependencies.weight };
    },

    async forget(chunks) {
      for (const documentId of new Set(chunks.map((chunk) => chunk.documentId))) register.stageRemoval(documentId);
      register.apply();
      const vectors = await keeper.remove(chunks.map(({ id }) => id));
      const passages = new Set(chunks.map(passageOf));
      for (const chunk of register.byId.values()) passages.delete(passageOf(chunk));
      const unused = chunks.filter((chunk) => passages.has(passageOf(chunk)));
      const digests = await Promise.all(unused.map(dependencies.digestOf));
      return { vectors, embeddings: await dependencies.embeddings.removeEmbeddings([...new Set(digests)]) };
    },
  };
}

function stateOf({ refusal, problem, live, building }: GenerationKeeper): VectorIndexStatus["state"] {
  if (refusal !== undefined) return "refused";
  if (problem !== undefined) return "away";
  if (live !== undefined) return "serving";
  return building === undefined ? "waiting" : "building";
}

function countMissing({ byId }: ChunkRegister, known: ReadonlySet<string>): number {
  let missing = 0;
  for (const id of byId.keys()) if (!known.has(id)) missing += 1;
  return missing;
}
