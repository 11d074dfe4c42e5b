/** A document as the server keeps it. */
import { array, boolean, either, nullable, number, object, oneOf, optional, type Shape, string } from "../http/shape.ts";
import type { OpenUnion } from "../open-union.ts";
import type { PagedList } from "../paged-list.ts";

/** A document without its text. Times are ISO 8601 in UTC. */
export interface DocumentSummary {
  readonly id: string;
  /** `/` as separator; below `uploads/` for what was uploaded. */
  readonly path: string;
  readonly title: string;
  readonly format: OpenUnion<"csv" | "html" | "json" | "markdown" | "text">;
  /** SHA-256 of the stored text, in hexadecimal; citations carry the same. */
  readonly contentHash: string;
  /** SHA-256 of the file it was read from. */
  readonly sourceHash: string;
  /** Of that file. */
  readonly sizeBytes: number;
  readonly updatedAt: string;
  readonly chunkCount: number;
}

/** A document with its stored text, into which the offsets of citations point. */
export interface StoredDocument extends Omit<DocumentSummary, "chunkCount"> {
  readonly text: string;
}

/** What a deletion removed, store by store. */
export interface DeletionReceipt {
  readonly documentId: string;
  readonly path: string;
  readonly rows: { readonly documents: number; readonly chunks: number };
  /** Whether an uploaded file was removed as well. */
  readonly upload: boolean;
  readonly index: { readonly chunks: number };
  /** Where there is a vector store or an embedding model; `pending` when the store is away and will be told later. */
  readonly vectors?: { readonly chunks: number | "pending"; readonly embeddings: number } | undefined;
}

/** A part of a list. */
export interface DocumentPage {
  readonly documents: readonly DocumentSummary[];
  /** For the next part; null at the end. */
  readonly nextCursor: string | null;
}

/** Documents, page by page as they are read. */
export type DocumentList = PagedList<DocumentSummary, DocumentPage>;

const stored = {
  id: string,
  path: string,
  title: string,
  format: string,
  contentHash: string,
  sourceHash: string,
  sizeBytes: number,
  updatedAt: string,
};

/** @internal */
export const pageShape: Shape<DocumentPage> = object({
  documents: array(object<DocumentSummary>({ ...stored, chunkCount: number })),
  nextCursor: nullable(string),
});

/** @internal */
export const documentShape: Shape<StoredDocument> = object<StoredDocument>({ ...stored, text: string });

/** @internal */
export const receiptShape: Shape<DeletionReceipt> = object<DeletionReceipt>({
  documentId: string,
  path: string,
  rows: object({ documents: number, chunks: number }),
  upload: boolean,
  index: object({ chunks: number }),
  vectors: optional(object({ chunks: either(number, oneOf("pending")), embeddings: number })),
});
