/** Uploaded files as a source of documents. */
import { type DocumentSource, type SourceDocument, UnprocessableDocument } from "@rag-personal/core";
import type { UploadStore } from "../../uploads/upload-store.ts";
import { createDocumentReader, type DocumentReaderOptions } from "./document-reader.ts";
import { syntaxOf } from "./document-syntax.ts";

/** Options of {@link createUploadSource}. */
export interface UploadSourceOptions extends DocumentReaderOptions {
  readonly uploads: Pick<UploadStore, "listUploads" | "readUpload">;
  /** Every path of an upload begins with it. */
  readonly pathPrefix: string;
}

/** A {@link DocumentSource} that keeps a process for conversions. */
export interface UploadSource extends DocumentSource {
  /** Ends that process; to be called once nothing is read any more. */
  close(): Promise<void>;
}

/**
 * A name that is none of a document's is no reason to pass an upload over, for somebody has chosen it: then it is text, if its bytes are.
 *
 * @example
 * const source = createUploadSource({ uploads: stores.uploads, pathPrefix: "uploads/", timers });
 */
export function createUploadSource({ uploads, pathPrefix, ...options }: UploadSourceOptions): UploadSource {
  const reader = createDocumentReader(options);
  /** By path: what could not be read once need not travel again with every ingestion, until a restart tries anew. */
  const refused = new Map<string, { readonly sha256: string; readonly error: UnprocessableDocument }>();
  return {
    pathPrefix,
    async *list() {
      const all = await uploads.listUploads();
      const paths = new Set(all.map(({ path }) => path));
      for (const path of refused.keys()) if (!paths.has(path)) refused.delete(path);
      for (const { path, sizeBytes, sha256 } of all) yield { kind: "file", path, sizeBytes, sourceHash: sha256 };
    },
    async read({ path, sourceHash }, signal): Promise<SourceDocument> {
      const syntax = syntaxOf(path.slice(path.lastIndexOf("/") + 1)) ?? "text";
      const known = refused.get(path);
      if (known?.sha256 === sourceHash) throw known.error;
      const found = await uploads.readUpload(path);
      if (found === undefined) throw new UnprocessableDocument("read", "it was deleted meanwhile");
      const { upload, bytes } = found;
      const document = await reader.read({ path, syntax, bytes }, signal).catch((error: unknown) => {
        if (error instanceof UnprocessableDocument) refused.set(path, { sha256: upload.sha256, error });
        throw error;
      });
      return { ...document, sourceHash: upload.sha256, sizeBytes: upload.sizeBytes };
    },
    close: () => reader.close(),
  };
}
