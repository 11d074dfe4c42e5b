/** Brings the store and the index to what a source holds, file by file. */
import { type ChunkOptions, chunkDocument } from "../chunking/chunk-document.ts";
import { RagError } from "../errors.ts";
import type { Chunk, DocumentSummary, IndexedChunk, StoredDocument } from "../model.ts";
import type { Clock, DocumentStore } from "../ports.ts";
import type { IngestionEvent, IngestionFailure, IngestionOutcome } from "./events.ts";
import { planIngestion } from "./plan.ts";
import { type DocumentSource, type IngestionStage, type SourceEntry, type SourceFailure, UnprocessableDocument } from "./source.ts";

/** The index that answers questions; derived from the store. */
export interface IngestionIndex {
  /** Replaces the chunks of one document; all of them belong to it. */
  upsertDocument(chunks: readonly IndexedChunk[]): void | Promise<void>;
  removeDocument(documentId: string): void | Promise<void>;
  /** Makes the changes since the last call searchable; called once at the end, also of an interrupted run. */
  refresh(): void | Promise<void>;
}

export interface IngestionDependencies {
  readonly source: DocumentSource;
  readonly documents: Pick<DocumentStore, "listDocuments" | "replaceDocument" | "removeDocument">;
  readonly index: IngestionIndex;
  /** SHA-256 of the text as UTF-8, in lower-case hexadecimal. */
  readonly digest: (text: string) => string | Promise<string>;
  readonly clock: Clock;
  readonly chunking?: ChunkOptions | undefined;
  /** Told of errors that are no ordinary refusal of a file, for the log. */
  readonly onUnexpectedError?: ((path: string, error: unknown) => void) | undefined;
}

/**
 * Runs one ingestion. A file is reported `added` or `changed` only after its transaction has been stored, so a run that was
 * killed is finished by the next one. A bad file is set aside with its stage and reason, and an earlier version of it is kept.
 *
 * @throws RagError `store_unavailable` when the store is away: what was reported until then is stored.
 * @throws the signal's reason when it is aborted, after the file in hand.
 */
export async function* runIngestion(
  dependencies: IngestionDependencies,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<IngestionEvent, void, void> {
  const { source, documents, index, clock } = dependencies;
  const startedAt = clock.monotonic();
  // Before the files, so that one which another server stores meanwhile is not taken for one that is gone.
  const stored = (await documents.listDocuments(source.pathPrefix)).filter(({ path }) => isOwn(source, path));
  const entries: SourceEntry[] = [];
  const unreadable: SourceFailure[] = [];
  for await (const found of source.list(signal)) {
    signal?.throwIfAborted();
    if (found.kind === "file") entries.push(found);
    else unreadable.push(found);
  }
  const plan = planIngestion(entries, stored);
  const isKept = keptBy(unreadable);
  const remove = plan.remove.filter((document) => !isKept(document.path));
  const storedPaths = new Set(stored.map((document) => document.path));

  const total = unreadable.length + plan.unchanged.length + remove.length + plan.change.length + plan.add.length;
  const counts: Record<IngestionOutcome, number> = { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 };
  const failures: IngestionFailure[] = [];
  let done = 0;
  let isIndexStale = false;

  /** The events of one file. */
  function* report(event: Extract<IngestionEvent, { type: "file" }>): Generator<IngestionEvent, void, void> {
    counts[event.outcome] += 1;
    if (event.outcome === "failed") {
      const { path, stage, reason, keptEarlierVersion } = event;
      failures.push({ path, stage, reason, keptEarlierVersion });
    }
    done += 1;
    yield event;
    yield { type: "progress", done, total };
  }

  yield { type: "started", total };
  try {
    for (const { path, scope, stage, reason } of unreadable) {
      const keeps = scope === "folder" ? stored.some((document) => isBelow(path, document.path)) : storedPaths.has(path);
      yield* report(failed(path, stage, reason, keeps));
    }
    for (const { path } of plan.unchanged) yield* report({ type: "file", path, outcome: "unchanged" });
    for (const document of remove) {
      signal?.throwIfAborted();
      isIndexStale = true;
      yield* report(await removeOne(dependencies, document));
    }
    const work = [...plan.change, ...plan.add.map((found) => ({ found, stored: undefined }))];
    for (const { found, stored: earlier } of work) {
      signal?.throwIfAborted();
      const event = await ingestOne(dependencies, found, earlier, signal);
      isIndexStale ||= event.outcome !== "failed" || event.stage === "index";
      yield* report(event);
    }
  } finally {
    if (isIndexStale) await index.refresh();
  }
  yield { type: "finished", counts, failures, durationMs: clock.monotonic() - startedAt };
}

type FileEvent = Extract<IngestionEvent, { type: "file" }>;

async function ingestOne(
  { source, documents, index, digest, clock, chunking, onUnexpectedError }: IngestionDependencies,
  entry: SourceEntry,
  earlier: DocumentSummary | undefined,
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
    await index.upsertDocument(chunks.map((chunk): IndexedChunk => ({ ...chunk, path, title, contentHash })));
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

async function removeOne({ documents, index, onUnexpectedError }: IngestionDependencies, { id, path }: DocumentSummary): Promise<FileEvent> {
  let stage: IngestionStage = "store";
  try {
    await documents.removeDocument(id);
    stage = "index";
    await index.removeDocument(id);
    return { type: "file", path, outcome: "removed" };
  } catch (error) {
    if (isStoreAway(error)) throw error;
    onUnexpectedError?.(path, error);
    return failed(path, stage, "it could not be removed; the log says more", stage === "store");
  }
}

function failed(path: string, stage: IngestionStage, reason: string, keptEarlierVersion: boolean): FileEvent {
  const kept = keptEarlierVersion ? `${reason}; the version stored earlier is kept` : reason;
  return { type: "file", path, outcome: "failed", stage, reason: kept, keptEarlierVersion };
}

function isStoreAway(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}

/** Tells which stored paths nothing is known of, because they or a folder above them could not be read. */
function keptBy(unreadable: readonly SourceFailure[]): (path: string) => boolean {
  const files = new Set(unreadable.map((failure) => failure.path));
  const folders = unreadable.filter((failure) => failure.scope === "folder").map((failure) => failure.path);
  return (path) => files.has(path) || folders.some((folder) => isBelow(folder, path));
}

function isOwn({ pathPrefix, foreignPrefix }: DocumentSource, path: string): boolean {
  return path.startsWith(pathPrefix) && (foreignPrefix === undefined || !path.startsWith(foreignPrefix));
}

function isBelow(folder: string, path: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

/** The id of the document with this path: `doc_` and the first 24 hexadecimal digits of the digest of the path. */
export async function documentIdOf(path: string, digest: IngestionDependencies["digest"]): Promise<string> {
  return `doc_${(await digest(path)).slice(0, 24)}`;
}
