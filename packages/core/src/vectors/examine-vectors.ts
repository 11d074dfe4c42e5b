/** Compares what is kept of vectors with the record. */
import type { IndexedChunk } from "../model.ts";
import type { VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { EmbeddingStore, GenerationStore } from "./generations.ts";
import type { VectorIndex } from "./vector-index.ts";

export interface VectorExamination {
  readonly live: VectorCollectionDescription | undefined;
  /** Chunks of the record that have no vector in the live generation. */
  readonly missing: readonly string[];
  /** Chunks that have one and are not in the record. */
  readonly surplus: readonly string[];
  /** Generations of which there is a collection, and the record knows nothing. */
  readonly unlisted: readonly number[];
  /** Texts with an embedding that no chunk has any more, by digest. */
  readonly orphanedEmbeddings: readonly string[];
}

/** @throws RagError `store_unavailable` when one of the stores is away. */
export async function examineVectors({
  index,
  store,
  generations,
  embeddings,
  listRecordedChunks,
  digestOf,
}: {
  readonly index: Pick<VectorIndex, "liveTarget" | "chunks">;
  readonly store: Pick<VectorStore, "list">;
  readonly generations: Pick<GenerationStore, "listGenerations">;
  readonly embeddings: Pick<EmbeddingStore, "listEmbeddingDigests">;
  readonly listRecordedChunks: () => Promise<ReadonlySet<string>>;
  readonly digestOf: (chunk: IndexedChunk) => Promise<string>;
}): Promise<VectorExamination> {
  const live = index.liveTarget();
  const recorded = await listRecordedChunks();
  const there = live === undefined ? NOTHING : await live.collection.listChunkIds();
  const listed = new Set((await generations.listGenerations()).map(({ generation }) => generation));
  const collections = (await store.list()).map(({ generation }) => generation);
  const digests = await embeddings.listEmbeddingDigests();
  const used = digests.size === 0 ? NOTHING : new Set(await Promise.all([...index.chunks.byId.values()].map(digestOf)));
  return {
    live: live?.collection.description,
    missing: [...recorded].filter((id) => !there.has(id)),
    surplus: [...there].filter((id) => !recorded.has(id)),
    unlisted: collections.filter((generation) => !listed.has(generation)),
    orphanedEmbeddings: [...digests].filter((digest) => !used.has(digest)),
  };
}

const NOTHING: ReadonlySet<string> = new Set();
