/** Reading the documents folder and what was uploaded: sources, store and index behind one queue of jobs. */
import { randomUUID } from "node:crypto";
import { type DocumentStore, type IngestionIndex, runSources } from "@rag-personal/core";
import { createFolderSource } from "../adapters/files/folder-source.ts";
import { createUploadSource } from "../adapters/files/upload-source.ts";
import type { Config } from "../config.ts";
import { createIngestionJobs, type IngestionJob, type IngestionJobStore, type IngestionJobs } from "../ingestion-jobs.ts";
import { UPLOADS_FOLDER, UPLOADS_PREFIX } from "../uploads/upload-path.ts";
import type { UploadStore } from "../uploads/upload-store.ts";
import { sha256 } from "./digest.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

export function openIngestion(
  config: Config,
  stores: { readonly documents: DocumentStore; readonly ingestionJobs: IngestionJobStore; readonly uploads: UploadStore },
  index: IngestionIndex,
  opened: OpenedParts,
  { log, onProgress }: Surroundings,
  { holder, onRecorded }: { readonly holder: string; readonly onRecorded: (job: IngestionJob) => void },
): IngestionJobs {
  const folder = createFolderSource({
    folder: config.DOCS_DIR,
    maxFileBytes: config.MAX_FILE_BYTES,
    maxFiles: config.MAX_FILES,
    timers,
    // Its own secrets and database are no documents, wherever somebody put them.
    exclude: config.DATA_DIR,
    reservedFolder: UPLOADS_FOLDER,
    onIgnored: (counts) => log.debug(counts, "passed over in the documents folder"),
  });
  opened.add(() => folder.close());
  const uploads = createUploadSource({ uploads: stores.uploads, pathPrefix: UPLOADS_PREFIX, timers });
  opened.add(() => uploads.close());
  const dependencies = {
    documents: stores.documents,
    index,
    digest: sha256,
    clock,
    onUnexpectedError: (path: string, error: unknown) => log.error({ err: error, path }, "a document could not be ingested"),
  };
  const jobs = createIngestionJobs({
    jobs: {
      ...stores.ingestionJobs,
      saveJob(job, by) {
        // Told whether or not it can be recorded: an end that the database does not hear of is one all the same.
        onRecorded(job);
        return stores.ingestionJobs.saveJob(job, by);
      },
    },
    // The uploads first: a documents folder that cannot be read fails the job, but keeps nobody from what was uploaded.
    ingest: (scope, signal) => runSources(scope === "uploads" ? [uploads] : [uploads, folder], dependencies, { signal }),
    log,
    newId: randomUUID,
    nowIso: () => new Date().toISOString(),
    timers,
    holder,
    onProgress,
  });
  opened.add(() => jobs.stop());
  return jobs;
}
