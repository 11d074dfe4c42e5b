/** Reading the documents folder and what was uploaded: sources, store and index behind one queue of jobs. */
import { randomUUID } from "node:crypto";
import { type DocumentStore, type FileWorkers, runSources } from "@rag-personal/core";
import type { Config } from "../config.ts";
import type { IngestionJob } from "../ingestion-job.ts";
import type { IngestionJobStore } from "../ingestion-job-store.ts";
import { createIngestionJobs, type IngestionJobs } from "../ingestion-jobs.ts";
import type { UploadStore } from "../uploads/upload-store.ts";
import { sha256 } from "./digest.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { SearchIndexParts } from "./search-index.ts";
import { openSources } from "./sources.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

export async function openIngestion(
  config: Config,
  stores: { readonly documents: DocumentStore; readonly ingestionJobs: IngestionJobStore; readonly uploads: UploadStore },
  { index, follower }: SearchIndexParts,
  opened: OpenedParts,
  surroundings: Surroundings,
  { holder, onRecorded }: { readonly holder: string; readonly onRecorded: (job: IngestionJob) => void },
): Promise<IngestionJobs> {
  const { log, onProgress } = surroundings;
  const sources = openSources(config, stores.uploads, opened, surroundings);
  const dependencies = {
    documents: stores.documents,
    index: {
      ...index,
      async refresh() {
        // What workers have stored is in the record alone. If that is away, it is followed later.
        await follower?.catchUp().catch((error: unknown) => log.debug({ err: error }, "the record could not be read at the end of an ingestion"));
        await index.refresh();
      },
    },
    digest: sha256,
    clock,
    onUnexpectedError: (path: string, error: unknown) => log.error({ err: error, path }, "a document could not be ingested"),
    workers: await openWorkers(config, opened, surroundings),
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
    ingest: (scope, signal) => runSources(scope === "uploads" ? [sources.uploads] : [sources.uploads, sources.folder], dependencies, { signal }),
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

/** Other processes can take files only where they reach both the queue and the record. */
async function openWorkers(config: Config, opened: OpenedParts, { log }: Pick<Surroundings, "log">): Promise<FileWorkers | undefined> {
  if (config.REDIS_URL === undefined || config.DATABASE_URL === undefined) return undefined;
  // A server on its own starts sooner without it.
  const { createFileQueue } = await import("../adapters/bullmq/file-queue.ts");
  const queue = createFileQueue({ url: config.REDIS_URL, newId: randomUUID, timers, clock, log });
  opened.add(() => queue.close());
  return queue;
}
