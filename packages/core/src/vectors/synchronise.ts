/** Brings a collection of vectors to exactly the chunks there are. */
import type { IndexedChunk } from "../model.ts";
import type { VectorCollection } from "../ports.ts";
import type { Vectorizer } from "./vectorizer.ts";

/** A collection, and what is known of its content. */
export interface Target {
  readonly collection: VectorCollection;
  readonly vectorizer: Vectorizer;
  /** Ids in the collection; undefined when that must be asked, at first and after a write whose outcome is unknown. */
  known: Set<string> | undefined;
}

export interface Synchronisation {
  /** The chunks as they are now, by id. */
  readonly expected: () => ReadonlyMap<string, IndexedChunk>;
  /** Ids of all chunks in the record: what is there was put there by another server, and is not removed. */
  readonly recorded: () => Promise<ReadonlySet<string>>;
  readonly signal: AbortSignal;
  /** Told after each batch. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Chunks embedded and written at a time: as many as Chroma's adapter puts into one call, for a call with the rest would cost nearly as much. */
const BATCH = 100;

/**
 * Adds what is missing and removes what is too much, until nothing is left of either. What the collection held, and what it was told, may
 * be repeated without harm, so a failure at any point is mended by the next run.
 *
 * @returns how many went each way.
 * @throws what the store or the model throws: the collection may be gone then, and has to be opened anew; the reason of the signal.
 */
export async function synchronise(
  target: Target,
  { expected, recorded, signal, onProgress }: Synchronisation,
): Promise<{ readonly added: number; readonly removed: number }> {
  let added = 0;
  let removed = 0;
  target.known ??= new Set(await target.collection.listChunkIds());
  const { known } = target;
  for (;;) {
    signal.throwIfAborted();
    const chunks = expected();
    const surplus = [...known].filter((id) => !chunks.has(id));
    const foreign = surplus.length === 0 ? NOTHING : await recorded();
    const gone = surplus.filter((id) => !foreign.has(id));
    if (gone.length > 0) {
      await target.collection.remove(gone);
      for (const id of gone) known.delete(id);
      removed += gone.length;
    }
    const missing = [...chunks.values()].filter(({ id }) => !known.has(id));
    if (missing.length === 0 && gone.length === 0) return { added, removed };
    for (let first = 0; first < missing.length; first += BATCH) {
      signal.throwIfAborted();
      // A chunk that went meanwhile is not put back.
      const batch = missing.slice(first, first + BATCH).filter(({ id }) => expected().has(id));
      const vectors = await target.vectorizer.embedChunks(batch, signal);
      await target.collection.upsert(
        batch.flatMap(({ id, documentId }, at) => (vectors[at] === undefined ? [] : [{ chunkId: id, documentId, vector: vectors[at] }])),
      );
      for (const { id } of batch) known.add(id);
      added += batch.length;
      onProgress?.({ done: known.size, total: expected().size });
    }
  }
}

const NOTHING: ReadonlySet<string> = new Set();
