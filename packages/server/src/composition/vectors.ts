/** The vectors of all chunks, where they are kept apart from the index in this process. */
import {
  createMemoryVectorStore,
  createModelVectorizer,
  createSpaceVectorizer,
  createVectorIndex,
  type Embedder,
  type HybridIndex,
  type IndexedChunk,
  passageOf,
  type VectorStore,
} from "@rag-personal/core";
import { type ChromaConnection, connectChroma } from "../adapters/chroma/connection.ts";
import { createChromaVectorStore } from "../adapters/chroma/vector-store.ts";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { Config } from "../config.ts";
import type { VectorParts } from "../index-administration.ts";
import { sha256 } from "./digest.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

const PERCENT = 100;

/** Undefined where there is neither a store for them nor a model to make them: then the index's own space is all there is. */
export function openVectors(
  config: Config,
  parts: {
    readonly embedder: Embedder | undefined;
    readonly stores: Pick<PostgresStores, "documents" | "generations" | "embeddings">;
    readonly hybridIndex: Pick<HybridIndex, "space">;
  },
  opened: OpenedParts,
  { log }: Pick<Surroundings, "log">,
): VectorParts | undefined {
  const { embedder, hybridIndex } = parts;
  const { documents, generations, embeddings } = parts.stores;
  const kept = openStore(config, embedder !== undefined, opened, log);
  if (kept === undefined) return undefined;
  const { store, chroma } = kept;
  const digests = new WeakMap<IndexedChunk, string>();
  const digestOf = async (chunk: IndexedChunk): Promise<string> => {
    const digest = digests.get(chunk) ?? sha256(passageOf(chunk));
    digests.set(chunk, digest);
    return digest;
  };
  const ofModel = embedder && createModelVectorizer({ embedder, embeddings, digestOf });
  const index = createVectorIndex({
    store,
    generations,
    embeddings,
    vectorizer: () => ofModel ?? createSpaceVectorizer(() => hybridIndex.space()),
    digestOf,
    listRecordedChunks: () => documents.listChunkIds(),
    weight: config.EMBEDDING_WEIGHT / PERCENT,
    isShared: config.DATABASE_URL !== undefined,
    clock,
    timers,
    log: (level, message, fields) => log[level](fields, message),
  });
  chroma?.onReady(() => index.storeReturned());
  opened.add(() => index.stop());
  return { index, store, generations, embeddings, digestOf };
}

function openStore(
  config: Config,
  hasEmbedder: boolean,
  opened: OpenedParts,
  log: Surroundings["log"],
): { readonly store: VectorStore; readonly chroma: ChromaConnection | undefined } | undefined {
  if (config.CHROMA_URL === undefined) return hasEmbedder ? { store: createMemoryVectorStore(), chroma: undefined } : undefined;
  const chroma = connectChroma({
    url: config.CHROMA_URL,
    token: config.CHROMA_AUTH_TOKEN,
    timeoutMs: config.CHROMA_TIMEOUT_MS,
    queryTimeoutMs: config.CHROMA_QUERY_TIMEOUT_MS,
    log,
    clock,
    timers,
  });
  opened.add(async () => chroma.close());
  return { store: createChromaVectorStore(chroma), chroma };
}
