/** A process that ingests files for servers, and answers nobody. */
import { type FileEvent, ingestFile } from "@rag-personal/core";
import { startFileWorker } from "../adapters/bullmq/file-worker.ts";
import { openPostgres } from "../adapters/postgres/connection.ts";
import type { Config } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import { UPLOADS_PREFIX } from "../uploads/upload-path.ts";
import { sha256 } from "./digest.ts";
import { createOpenedParts } from "./opened-parts.ts";
import { openSources } from "./sources.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";
import { untilAvailable } from "./until-available.ts";

/**
 * Works until `signal` is aborted, and then ends what it has in hand. It keeps no files of its own: DATA_DIR is not touched.
 *
 * @throws ExitError when the configuration has no PostgreSQL and Redis to share, or the database is of a newer version.
 */
export async function runWorker(config: Config, { log }: Pick<Surroundings, "log">, signal: AbortSignal): Promise<void> {
  const { DATABASE_URL, REDIS_URL } = config;
  if (DATABASE_URL === undefined || REDIS_URL === undefined)
    throw new ExitError(
      "A worker needs DATABASE_URL and REDIS_URL, the same as the servers that it works for: there are its files, and there it is told of them.",
    );
  const opened = createOpenedParts(log);
  try {
    const { stores, prepare } = openPostgres({
      server: { url: DATABASE_URL },
      maxConnections: config.DATABASE_CONNECTIONS,
      timeoutMs: config.DATABASE_TIMEOUT_MS,
      silenceMs: config.DATABASE_SILENCE_MS,
    });
    opened.add(() => stores.close());
    const sources = openSources(config, stores.uploads, opened, { log });
    await untilAvailable(prepare, { timers, log, signal });
    const worker = startFileWorker({
      url: REDIS_URL,
      concurrency: config.WORKER_FILES,
      async ingest({ documentId, ...entry }): Promise<FileEvent> {
        const outcome = documentId === null ? "added" : "changed";
        // Another worker may have stored it and gone before it could say so.
        const stored = (await stores.documents.listDocuments(entry.path)).find(({ path }) => path === entry.path);
        if (stored?.sourceHash === entry.sourceHash) return { type: "file", path: entry.path, outcome, chunks: stored.chunkCount };
        return await ingestFile(
          {
            source: entry.path.startsWith(UPLOADS_PREFIX) ? sources.uploads : sources.folder,
            documents: stores.documents,
            digest: sha256,
            clock,
            onUnexpectedError: (path, error) => log.error({ err: error, path }, "a document could not be ingested"),
          },
          { kind: "file", ...entry },
          documentId === null ? undefined : { id: documentId },
          undefined,
        );
      },
      log,
    });
    opened.add(() => worker.close());
    log.info({ docsDir: config.DOCS_DIR, files: config.WORKER_FILES }, "worker is ready");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    log.info("stopping: the files in hand are ended");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await opened.closeAll();
  }
}
