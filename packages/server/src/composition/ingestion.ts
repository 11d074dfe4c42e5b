/** Reading the documents folder: source, store and index behind one queue of jobs. */
import { randomUUID } from "node:crypto";
import { type DocumentStore, type IngestionIndex, runIngestion } from "@rag-personal/core";
import { createFolderSource } from "../adapters/files/folder-source.ts";
import type { Config } from "../config.ts";
import { createIngestionJobs, type IngestionJobStore, type IngestionJobs } from "../ingestion-jobs.ts";
import { sha256 } from "./digest.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

export function openIngestion(
  config: Config,
  stores: { readonly documents: DocumentStore; readonly ingestionJobs: IngestionJobStore },
  index: IngestionIndex,
  opened: OpenedParts,
  { log, onProgress }: Surroundings,
): IngestionJobs {
  const source = createFolderSource({
    folder: config.DOCS_DIR,
    maxFileBytes: config.MAX_FILE_BYTES,
    maxFiles: config.MAX_FILES,
    timers,
    // Its own secrets and database are no documents, wherever somebody put them.
    exclude: config.DATA_DIR,
    onIgnored: (counts) => log.debug(counts, "passed over in the documents folder"),
  });
  opened.add(() => source.close());
  const dependencies = {
    source,
    documents: stores.documents,
    index,
    digest: sha256,
    clock,
    onUnexpectedError: (path: string, error: unknown) => log.error({ err: error, path }, "a document could not be ingested"),
  };
  const jobs = createIngestionJobs({
    jobs: stores.ingestionJobs,
    ingest: (_scope, signal) => runIngestion(dependencies, { signal }),
    log,
    newId: randomUUID,
    nowIso: () => new Date().toISOString(),
    onProgress,
  });
  opened.add(() => jobs.stop());
  return jobs;
}
