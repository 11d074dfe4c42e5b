/** The search index over its life: loaded from the record, refreshed after changes, trained in the background, its space kept for the next start. */
import type { HybridIndex, HybridIndexStats, IndexedChunk, IngestionIndex, Retriever } from "@rag-personal/core";
import type { Logger } from "pino";

/** Where the trained semantic space is kept between starts: losing it costs the seconds of a training. */
export interface SpaceStore {
  load(): Promise<Uint8Array | undefined>;
  save(space: Uint8Array): Promise<void>;
}

export interface SearchIndex extends Retriever, IngestionIndex {
  /** Makes everything that is stored searchable. Resolves when it is; a missing space is learnt afterwards. */
  load(): Promise<void>;
  /** Forgets a document at once. @returns how many chunks of it were searchable. */
  forget(documentId: string): Promise<number>;
  stats(): HybridIndexStats;
  /** Resolves when no training is under way. */
  trained(): Promise<void>;
  /** Breaks off a training; nothing is refreshed afterwards. */
  stop(): Promise<void>;
}

class Stopped extends Error {}

/**
 * Words are searchable as soon as a refresh resolves; the semantic space is learnt or outgrown beside it, in slices of a few
 * milliseconds, and taken up as a new generation when it is ready.
 *
 * @param nextTurn lets waiting requests run; called every few milliseconds of work.
 */
export function createSearchIndex({
  index,
  loadChunks,
  space,
  log,
  nextTurn,
}: {
  index: HybridIndex;
  loadChunks: () => AsyncIterable<readonly IndexedChunk[]>;
  space: SpaceStore;
  log: Logger;
  nextTurn: () => Promise<void>;
}): SearchIndex {
  const chunkCounts = new Map<string, number>();
  let isStopped = false;
  let training: Promise<void> | undefined;

  async function yieldNow(): Promise<void> {
    if (isStopped) throw new Stopped("the server is stopping");
    await nextTurn();
  }

  async function train(): Promise<void> {
    const before = index.stats().generation;
    try {
      await index.refresh({ yieldNow });
      if (index.stats().generation === before) return;
      const snapshot = index.toSnapshot();
      if (snapshot !== undefined) await space.save(snapshot);
    } catch (error) {
      // Without a new space the old one, or words alone, go on answering.
      if (!(error instanceof Stopped)) log.error({ err: error }, "the semantic space could not be renewed");
    }
  }

  function trainBeside(): void {
    if (isStopped) return;
    training = (training ?? Promise.resolve()).then(train);
  }

  function upsertDocument(chunks: readonly IndexedChunk[]): void {
    index.upsertDocument(chunks);
    const [first] = chunks;
    if (first !== undefined) chunkCounts.set(first.documentId, chunks.length);
  }

  function removeDocument(documentId: string): void {
    index.removeDocument(documentId);
    chunkCounts.delete(documentId);
  }

  async function refresh(): Promise<void> {
    await index.refresh({ train: false, yieldNow });
    trainBeside();
  }

  return {
    upsertDocument,
    removeDocument,
    refresh,
    search: (query, options) => index.search(query, options),
    stats: () => index.stats(),
    async load() {
      const snapshot = await space.load();
      if (snapshot !== undefined && !index.fromSnapshot(snapshot)) log.warn("the kept semantic space is of another version and will be learnt anew");
      for await (const chunks of loadChunks()) {
        upsertDocument(chunks);
        await yieldNow();
      }
      await refresh();
    },
    async forget(documentId) {
      const chunks = chunkCounts.get(documentId) ?? 0;
      removeDocument(documentId);
      await refresh();
      return chunks;
    },
    async trained() {
      await training;
    },
    async stop() {
      isStopped = true;
      await training;
    },
  };
}
