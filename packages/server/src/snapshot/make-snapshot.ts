/** What is stored now, as a snapshot for workers at the edge. */
import { type DocumentStore, type IndexedChunk, RagError } from "@rag-personal/core";
import { type SnapshotDocument, writeSnapshot } from "./snapshot-format.ts";

/**
 * Reads the whole record. The semantic space is the one that searches use now.
 *
 * @throws RagError `conflict` when a document was replaced meanwhile, `store_unavailable`.
 */
export async function makeSnapshot({
  documents: store,
  space,
  nowIso,
}: {
  readonly documents: Pick<DocumentStore, "listDocuments" | "getDocument" | "loadChunks">;
  /** Resolves with the trained space; undefined when there is none. */
  readonly space: () => Promise<Uint8Array | undefined>;
  readonly nowIso: () => string;
}): Promise<Uint8Array<ArrayBuffer>> {
  const createdAt = nowIso();
  const chunksOf = new Map<string, readonly IndexedChunk[]>();
  for await (const chunks of store.loadChunks()) if (chunks[0] !== undefined) chunksOf.set(chunks[0].documentId, chunks);
  const documents: SnapshotDocument[] = [];
  for (const { id, chunkCount, contentHash, path } of await store.listDocuments()) {
    const document = await store.getDocument(id);
    const chunks = chunksOf.get(id) ?? [];
    const isWhole =
      document?.contentHash === contentHash && chunks.length === chunkCount && chunks.every((chunk) => chunk.contentHash === contentHash);
    if (document === undefined || !isWhole) {
      throw new RagError("conflict", `${path} changed while the snapshot was made. Ask again when the documents are at rest.`);
    }
    documents.push({ document, chunks });
  }
  return await writeSnapshot({ createdAt, documents, space: await space() });
}
