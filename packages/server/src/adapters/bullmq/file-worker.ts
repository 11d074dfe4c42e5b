/** Takes files from the queue in Redis, one after the other, and does with them what it is told to. */
import type { FileEvent } from "@rag-personal/core";
import { UnrecoverableError, Worker } from "bullmq";
import type { Logger } from "pino";
import { connectForQueue, type FileTask, fileTask, PREFIX, QUEUE } from "./file-task.ts";

/** A worker of which Redis heard nothing for so long is taken for gone, and another one does its file. */
const LOCK_MS = 8_000;
const STALLED_CHECK_MS = 2_000;
/** How often a file may be left behind by workers that go in the middle of it; whoever asked for it then does it. */
const LEFT_BEHIND = 2;

export interface FileWorker {
  /** Takes no more, and resolves when what it has in hand is done. */
  close(): Promise<void>;
}

/**
 * @param concurrency files in hand at a time.
 * @param ingest does it again without harm. What it throws is tried again later, by whichever worker.
 */
export function startFileWorker({
  url,
  concurrency,
  ingest,
  log,
}: {
  readonly url: string;
  readonly concurrency: number;
  readonly ingest: (task: FileTask) => Promise<FileEvent>;
  readonly log: Pick<Logger, "info" | "warn" | "debug">;
}): FileWorker {
  const { redis: connection, end } = connectForQueue(url);
  let isAway = false;
  const away = (error: Error): void => {
    if (!isAway) log.warn({ reason: error.message }, "Redis is away; files are taken up when it returns");
    isAway = true;
  };
  connection.on("error", away);
  connection.on("ready", () => {
    if (isAway) log.info("Redis is back");
    isAway = false;
  });
  const worker = new Worker<FileTask, FileEvent>(
    QUEUE,
    async ({ data }) => {
      const task = fileTask.safeParse(data).data;
      if (task === undefined) throw new UnrecoverableError("a task of another version of this program");
      const event = await ingest(task);
      log.debug({ path: event.path, outcome: event.outcome }, "ingested a file");
      return event;
    },
    {
      connection,
      prefix: PREFIX,
      // It would write to the console, past the log.
      skipVersionCheck: true,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: LEFT_BEHIND,
    },
  );
  worker.on("error", away);
  worker.on("failed", (job, error) => log.warn({ path: job?.data.path, reason: error.message }, "a file could not be ingested now"));
  worker.on("stalled", () => log.warn("a worker has gone in the middle of a file; it is done again"));
  return {
    async close() {
      await (connection.status === "ready" ? worker.close() : worker.close(true));
      end();
    },
  };
}
