/** The search index over its life: loaded from the record, refreshed after changes, trained in the background, its space kept for the next start. */
import type { HybridIndex, HybridIndexStats, IndexedChunk, IngestionIndex } from "@rag-personal/core";
import type { Logger } from "pino";

/** Where the trained semantic space is kept between starts: losing it costs the seconds of a training. */
export interface SpaceStore {
  load(): Promise<Uint8Array | undefined>;
  /** What another server has kept since the last call of this store; undefined when there is nothing new. */
  loadNewer(): Promise<Uint8Array | undefined>;
  save(space: Uint8Array): Promise<void>;
}

/** Tells one text of a document from the next. */
export interface DocumentVersion {
  readonly contentHash: string;
  readonly chunkCount: number;
}

/** Keeps something else of the same chunks; told of every change, and of every refresh once it is searchable. */
export interface ChunkFollower {
  upsertDocument(chunks: readonly IndexedChunk[]): void;
  removeDocument(documentId: string): void;
  refresh(): void;
}

export interface SearchIndex extends IngestionIndex {
  /** Makes everything that is stored searchable. Resolves when it is; a missing space is learnt afterwards. */
  load(): Promise<void>;
  /** Brings the index to what is stored now, where it differs. @returns how many documents did. */
  reload(): Promise<number>;
  /** What is to be searchable of a document. */
  versionOf(documentId: string): DocumentVersion | undefined;
  /**
   * Makes searchable what another server has changed. It learns no space for it: whoever made the change does, and keeps it for all.
   *
   * @param change.changed ids of documents to be loaded from the record; those that are not there any more are removed.
   * @param change.hasNewSpace a space may have been kept.
   */
  takeOver(change: { readonly changed: readonly string[]; readonly hasNewSpace: boolean }): Promise<void>;
  /** Begins to learn a space if it is missing or outgrown. */
  trainBeside(): void;
  /** Forgets a document at once. @returns the chunks of it that were searchable. */
  forget(documentId: string): Promise<readonly IndexedChunk[]>;
  /** Ids of the chunks that are to be searchable. */
  chunkIds(): ReadonlySet<string>;
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
  follower,
  onTouched,
  log,
  nextTurn,
}: {
  index: HybridIndex;
  loadChunks: (documentIds?: readonly string[]) => AsyncIterable<readonly IndexedChunk[]>;
  space: SpaceStore;
  follower?: ChunkFollower | undefined;
  /** Told of every document that is changed here. */
  onTouched?: ((documentId: string) => void) | undefined;
  log: Logger;
  nextTurn: () => Promise<void>;
}): SearchIndex {
  const documents = new Map<string, readonly IndexedChunk[]>();
  let isStopped = false;
  let isReloading = false;
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
      follower?.refresh();
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
    follower?.upsertDocument(chunks);
    const [first] = chunks;
    if (first === undefined) return;
    documents.set(first.documentId, chunks);
    onTouched?.(first.documentId);
  }

  function removeDocument(documentId: string): void {
    index.removeDocument(documentId);
    follower?.removeDocument(documentId);
    documents.delete(documentId);
    onTouched?.(documentId);
  }

  async function refresh(): Promise<void> {
    await index.refresh({ train: false, yieldNow });
    follower?.refresh();
    trainBeside();
  }

  return {
    upsertDocument,
    removeDocument,
    refresh,
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
    async reload() {
      // One that broke off has left behind what no longer differs and is not searchable yet.
      const goesOn = isReloading;
      isReloading = true;
      const gone = new Set(documents.keys());
      let differing = 0;
      for await (const chunks of loadChunks()) {
        const documentId = chunks[0]?.documentId ?? "";
        gone.delete(documentId);
        if (isSame(documents.get(documentId), chunks)) continue;
        upsertDocument(chunks);
        differing += 1;
        await yieldNow();
      }
      for (const documentId of gone) removeDocument(documentId);
      if (differing + gone.size > 0 || goesOn) await refresh();
      isReloading = false;
      return differing + gone.size;
    },
    versionOf(documentId) {
      const chunks = documents.get(documentId);
      return chunks?.[0] && { contentHash: chunks[0].contentHash, chunkCount: chunks.length };
    },
    async takeOver({ changed, hasNewSpace }) {
      const gone = new Set(changed);
      for await (const chunks of changed.length === 0 ? [] : loadChunks(changed)) {
        gone.delete(chunks[0]?.documentId ?? "");
        upsertDocument(chunks);
        await yieldNow();
      }
      for (const documentId of gone) removeDocument(documentId);
      const snapshot = hasNewSpace ? await space.loadNewer() : undefined;
      if (snapshot !== undefined) index.fromSnapshot(snapshot);
      if (changed.length === 0 && snapshot === undefined) return;
      await index.refresh({ train: false, yieldNow });
      follower?.refresh();
    },
    trainBeside,
    async forget(documentId) {
      const chunks = documents.get(documentId) ?? [];
      removeDocument(documentId);
      await refresh();
      return chunks;
    },
    chunkIds: () => new Set([...documents.values()].flatMap((chunks) => chunks.map(({ id }) => id))),
    async trained() {
      await training;
    },
    async stop() {
      isStopped = true;
      await training;
    },
  };
}

/** A chunk's id names its document, the version of its text and its place. */
function isSame(known: readonly IndexedChunk[] | undefined, stored: readonly IndexedChunk[]): boolean {
  return known?.length === stored.length && stored.every(({ id }, at) => known[at]?.id === id);
}
