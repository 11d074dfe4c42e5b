/** Removes a document from every store, and the upload that it was made of, from which it would come back. */
import type { DocumentStore } from "@rag-personal/core";
import { isWithinReach } from "./confinement.ts";
import type { VectorParts } from "./index-administration.ts";
import type { IngestionJobs } from "./ingestion-jobs.ts";
import type { Principal } from "./policy.ts";
import type { SearchIndex } from "./search-index.ts";
import type { DocumentDeletion } from "./services.ts";
import type { UploadStore } from "./uploads/upload-store.ts";

export type DeleteDocument = (principal: Principal, id: string) => Promise<DocumentDeletion | undefined>;

/** An upload that could not become a document has an id too, and can be deleted by it. */
export function createDocumentDeletion({
  documents,
  uploads,
  index,
  vectors,
  ingestion,
}: {
  readonly documents: Pick<DocumentStore, "getDocument" | "removeDocument">;
  readonly uploads: Pick<UploadStore, "getUpload" | "removeUpload">;
  readonly index: Pick<SearchIndex, "forget">;
  readonly vectors: Pick<VectorParts, "index"> | undefined;
  readonly ingestion: Pick<IngestionJobs, "isBusy" | "startAnew">;
}): DeleteDocument {
  async function pathOf(id: string): Promise<string | undefined> {
    return (await uploads.getUpload(id))?.path ?? (await documents.getDocument(id))?.path;
  }

  return async (principal, id) => {
    const path = await pathOf(id);
    if (path === undefined || !isWithinReach(principal, path)) return undefined;
    // The upload first: if this is cut short after it, the next ingestion does the rest.
    const upload = await uploads.removeUpload(id);
    const receipt = await documents.removeDocument(id);
    if (receipt === undefined && upload === undefined) return undefined;
    // The vectors are asked first: they would go with the refresh of the index, too, but nobody would have counted them.
    const [gone, chunks] = await Promise.all([vectors?.index.forget(vectors.index.chunks.chunksOf(id)), index.forget(id)]);
    // An ingestion, here or on another server, that has read the file already may store it after this; another one then finds that the upload
    // is gone. So does the next one that somebody asks for, if this one cannot be had.
    if (upload !== undefined && (await ingestion.isBusy().catch(() => true))) await ingestion.startAnew().catch(() => undefined);
    return {
      ...(receipt ?? { documentId: id, path, rows: { documents: 0, chunks: 0 } }),
      upload: upload !== undefined,
      index: { chunks: chunks.length },
      ...(gone && { vectors: { chunks: gone.vectors ?? "pending", embeddings: gone.embeddings } }),
    };
  };
}
