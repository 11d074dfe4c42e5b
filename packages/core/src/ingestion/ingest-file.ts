/** One file on its way from a source to the store and the index. */
import { type ChunkOptions, chunkDocument } from "../chunking/chunk-document.ts";
import { RagError } from "../errors.ts";
import type { Chunk, DocumentSummary, IndexedChunk, StoredDocument } from "../model.ts";
import type { Clock, DocumentStore } from "../ports.ts";
import type { IngestionEvent } from "./events.ts";
import type { IngestionIndex } from "./run.ts";
import { type DocumentSource, type IngestionStage, type SourceEntry, UnprocessableDocument } from "./source.ts";

/** What became of one file. */
export type FileEvent = Extract<IngestionEvent, { type: "file" }>;

export interface FileIngestionDependencies {
  readonly source: DocumentSource;
  readonly documents: Pick<DocumentStore, "replaceDocument">;
  /** Absent where nobody is answered from an index. */
  readonly index?: Pick<IngestionIndex, "upsertDocument"> | undefined;
  /** SHA-256 of the text as UTF-8, in lower-case hexadecimal. */
  readonly digest: (text: string) => string | Promise<string>;
  readonly clock: Clock;
  readonly chunking?: ChunkOptions | undefined;
  /** Told of errors that are no ordinary refusal of a file, for the log. */
  readonly onUnexpectedError?: ((path: string, error: unknown) => void) | undefined;
}

/**
 * Reads, chunks, stores and indexes one file.
 *
 * @param earlier of the document that is stored under this path.
 * @throws RagError `store_unavailable` when the store is away; the reason of `signal`.
 */
export async function ingestFile(
  { source, documents, index, digest, clock, chunking, onUnexpectedError }: FileIngestionDependencies,
  entry: SourceEntry,
  earlier: Pick<DocumentSummary, "id"> | undefined,
  signal: AbortSignal | undefined,
): Promise<FileEvent> {
  const { path } = entry;
  let stage: IngestionStage = "read";
  try {
    const { title, format, text, sourceHash, sizeBytes } = await source.read(entry, signal);
    stage = "chunk";
    const id = earlier?.id ?? (await documentIdOf(path, digest));
    const contentHash = await digest(text);
    const spans = chunkDocument({ text, format }, chunking);
    if (spans.length === 0) throw new UnprocessableDocument("chunk", "it holds no text");
    const chunks = spans.map(({ start, end, headingPath }, ordinal): Chunk => {
      return { id: `${id}.${contentHash.slice(0, 8)}.${ordinal}`, documentId: id, ordinal, start, end, headingPath, text: text.slice(start, end) };
    });
    const document: StoredDocument = { id, path, title, format, contentHash, sourceHash, sizeBytes, updatedAtMs: clock.now(), text };
    stage = "store";
    await documents.replaceDocument(document, chunks);
    stage = "index";
    await index?.upsertDocument(chunks.map((chunk): IndexedChunk => ({ ...chunk, path, title, contentHash })));
    return { type: "file", path, outcome: earlier === undefined ? "added" : "changed", chunks: chunks.length };
  } catch (error) {
    signal?.throwIfAborted();
    if (isStoreAway(error)) throw error;
    if (!(error instanceof UnprocessableDocument)) onUnexpectedError?.(path, error);
    if (stage === "index") return failed(path, stage, "it is stored, but will be searchable only after a restart", false);
    if (error instanceof UnprocessableDocument) return failed(path, error.stage, error.message, earlier !== undefined);
    return failed(path, stage, "an unexpected error; the log says more", earlier !== undefined);
  }
}

export function failed(path: string, stage: IngestionStage, reason: string, keptEarlierVersion: boolean): FileEvent {
  const kept = keptEarlierVersion ? `${reason}; the version stored earlier is kept` : reason;
  return { type: "file", path, outcome: "failed", stage, reason: kept, keptEarlierVersion };
}

/** Whether it is no fault of a file, and no file could be stored now. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}

/** The id of the document with this path: `doc_` and the first 24 hexadecimal digits of the digest of the path. */
export async function documentIdOf(path: string, digest: FileIngestionDependencies["digest"]): Promise<string> {
  return `doc_${(await digest(path)).slice(0, 24)}`;
}
