/** Compares what is kept of vectors with the record. */
import type { IndexedChunk } from "../model.ts";
import type { VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { EmbeddingStore, GenerationStore } from "./generations.ts";
import type { LiveTarget } from "./live-target.ts";
import type { VectorIndex } from "./vector-index.ts";
import { OutgrownError } from "./vectorizer.ts";

export interface VectorExamination {
  readonly live: VectorCollectionDescription | undefined;
  /** Chunks of the record that have no vector in the live generation. */
  readonly missing: readonly string[];
  /** Chunks that have one and are not in the record. */
  readonly surplus: readonly string[];
  /** Chunks, of a sample, that have a vector and are not found by it: what is stored is not what was written, or no path leads to it. */
  readonly unfindable: readonly string[];
  /** Generations of which there is a collection, and the record knows nothing. */
  readonly unlisted: readonly number[];
  /** Texts with an embedding that no chunk has any more, by digest. */
  readonly orphanedEmbeddings: readonly string[];
}

/** Chunks that are looked for by themselves: a store that has lost one vector in a hundred is found out two times in three. */
const SAMPLE = 100;
/** A vector found by itself has this cosine at least; the rest is rounding. */
const ITSELF = 0.999;
const LOOKED_AT = 5;

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
    unfindable:
      live === undefined
        ? []
        : await findUnfindable(live, index.chunks.byId, sampleOf([...index.chunks.byId.values()].filter(({ id }) => there.has(id)))),
    unlisted: collections.filter((generation) => !listed.has(generation)),
    orphanedEmbeddings: [...digests].filter((digest) => !used.has(digest)),
  };
}

function sampleOf(chunks: readonly IndexedChunk[]): readonly IndexedChunk[] {
  const step = Math.max(1, Math.ceil(chunks.length / SAMPLE));
  return chunks.filter((_, at) => at % step === 0);
}

async function findUnfindable(
  target: LiveTarget,
  byId: ReadonlyMap<string, IndexedChunk>,
  sample: readonly IndexedChunk[],
): Promise<readonly string[]> {
  const { vectorizer, collection } = target;
  try {
    const vectors = await vectorizer.embedChunks(sample, undefined);
    const unfindable: string[] = [];
    for (const [at, { id }] of sample.entries()) {
      const vector = vectors[at];
      // A text of which the model knows no word lies nowhere.
      if (vector === undefined || vector.every((number) => number === 0)) continue;
      const near = (await collection.nearest(vector, { limit: LOOKED_AT })).filter(({ similarity }) => similarity >= ITSELF);
      if (near.some(({ chunkId }) => chunkId === id)) continue;
      // Of texts that are alike any may be found, but a damaged vector may look like any text.
      const others = near.flatMap(({ chunkId }) => byId.get(chunkId) ?? []);
      const twins = others.length === 0 ? [] : await vectorizer.embedChunks(others, undefined);
      if (!twins.some((twin) => product(twin, vector) >= ITSELF)) unfindable.push(id);
    }
    return unfindable;
  } catch (error) {
    // The space was learnt anew meanwhile: its vectors are on their way.
    if (error instanceof OutgrownError) return [];
    throw error;
  }
}

const product = (left: Float32Array, right: Float32Array): number => left.reduce((sum, number, at) => sum + number * (right[at] ?? 0), 0);

const NOTHING: ReadonlySet<string> = new Set();
