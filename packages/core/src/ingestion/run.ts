/** Brings the store and the index to what a source holds, file by file. */
import type { DocumentSummary, IndexedChunk } from "../model.ts";
import type { DocumentStore } from "../ports.ts";
import type { IngestionEvent, IngestionFailure, IngestionOutcome } from "./events.ts";
import { type FileEvent, type FileIngestionDependencies, failed, ingestFile, isStoreAway } from "./ingest-file.ts";
import { planIngestion } from "./plan.ts";
import type { DocumentSource, IngestionStage, SourceEntry, SourceFailure } from "./source.ts";

/** The index that answers questions; derived from the store. */
export interface IngestionIndex {
  /** Replaces the chunks of one document; all of them belong to it. */
  upsertDocument(chunks: readonly IndexedChunk[]): void | Promise<void>;
  removeDocument(documentId: string): void | Promise<void>;
  /** Makes the changes since the last call searchable; called once at the end, also of an interrupted run. */
  refresh(): void | Promise<void>;
}

/** Somebody else who may read, chunk and store files, such as other processes. */
export interface FileWorkers {
  /** Whether there are any now; asked once for each run that has files to ingest. */
  areThere(): Promise<boolean>;
  /** Files given to them at a time. */
  readonly atOnce: number;
  /**
   * Has the file ingested by one of them, with what {@link ingestFile} says of it. Undefined when nobody does it: then it is done here.
   *
   * @param earlier of the document that is stored under this path.
   */
  ingest(entry: SourceEntry, earlier: Pick<DocumentSummary, "id"> | undefined, signal: AbortSignal | undefined): Promise<FileEvent | undefined>;
}

export interface IngestionDependencies extends FileIngestionDependencies {
  readonly documents: Pick<DocumentStore, "listDocuments" | "replaceDocument" | "removeDocument">;
  readonly index: IngestionIndex;
  /** Default: every file is ingested here, one after the other. */
  readonly workers?: FileWorkers | undefined;
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
    const { workers } = dependencies;
    const atOnce = work.length > 0 && (await workers?.areThere()) === true ? (workers?.atOnce ?? 1) : 1;
    const ingest = async ({ found, stored: earlier }: (typeof work)[number]): Promise<FileEvent> =>
      (atOnce > 1 ? await workers?.ingest(found, earlier, signal) : undefined) ?? (await ingestFile(dependencies, found, earlier, signal));
    for await (const event of inParallel(work, atOnce, ingest, signal)) {
      isIndexStale ||= event.outcome !== "failed" || event.stage === "index";
      yield* report(event);
    }
  } finally {
    if (isIndexStale) await index.refresh();
  }
  yield { type: "finished", counts, failures, durationMs: clock.monotonic() - startedAt };
}

/** Results as they come, with so many under way; after a failure or an abortion nothing more is begun, and what is under way is waited for. */
async function* inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  run: (item: Item) => Promise<Result>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, void> {
  const underWay = new Map<number, Promise<{ readonly key: number; readonly result: Result }>>();
  try {
    for (const [key, item] of items.entries()) {
      signal?.throwIfAborted();
      underWay.set(
        key,
        run(item).then((result) => ({ key, result })),
      );
      if (underWay.size < atOnce) continue;
      const first = await Promise.race(underWay.values());
      underWay.delete(first.key);
      yield first.result;
    }
    while (underWay.size > 0) {
      const first = await Promise.race(underWay.values());
      underWay.delete(first.key);
      yield first.result;
    }
  } finally {
    await Promise.allSettled(underWay.values());
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
