/** Gives files to worker processes through a queue in Redis, and notices when none of them will do one. */
import type { Clock, FileEvent, FileWorkers, Timers } from "@rag-personal/core";
import { type Job, Queue, QueueEvents } from "bullmq";
import type { Logger } from "pino";
import { connectForQueue, type FileTask, PREFIX, QUEUE, readFileEvent, toTask } from "./file-task.ts";

/** Enough that several workers have the next file at hand while the last ones report. */
const AT_ONCE = 32;
/** Redis has so long for an answer; then the file is ingested here. */
const ANSWER_MS = 2_000;
/** After a file that nobody did, so long the next ones are not even offered. */
const GIVEN_UP_MS = 3_000;
/** How often a file that is out is asked after, beside the events that tell of its end. */
const CHECK_MS = 1_000;
/** A worker that has a file for longer may be frozen: the file is ingested here, which does no harm if the worker wakes up. */
const OVERDUE_MS = 60_000;
/** A file that failed for reasons of its surroundings, such as a database that is away, is tried again by the workers so often. */
const ATTEMPTS = 3;
const BACKOFF_MS = 500;
/** What is left of a task that nobody asks after any more. */
const KEPT_SECONDS = 600;

/** Redis lost the task, or nobody works on it. */
class NobodyDoesIt extends Error {}

/** A task in the hands of others. */
interface Outside {
  /** To be called when it is heard that it has ended. */
  end(): void;
}

export interface FileQueue extends FileWorkers {
  close(): Promise<void>;
}

function newLoss(): PromiseWithResolvers<never> {
  const loss = Promise.withResolvers<never>();
  // Nobody may be waiting when it rejects.
  loss.promise.catch(() => {});
  return loss;
}

export function createFileQueue({
  url,
  newId,
  timers,
  clock,
  log,
}: {
  readonly url: string;
  readonly newId: () => string;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Pick<Logger, "info" | "warn">;
}): FileQueue {
  const { redis: connection, end: endConnection } = connectForQueue(url);
  // Whether Redis is there is told by the connection that everything else uses.
  connection.on("error", () => {});
  /** Rejects when the connection is lost, and is another one afterwards: what was asked meanwhile is not waited for. */
  let loss = newLoss();
  connection.on("close", () => {
    loss.reject(new NobodyDoesIt("Redis is away"));
    loss = newLoss();
  });
  const queue = new Queue<FileTask>(QUEUE, { connection, prefix: PREFIX, skipWaitingForReady: true, skipVersionCheck: true });
  queue.on("error", () => {});
  const { redis: eventConnection, end: endEventConnection } = connectForQueue(url);
  eventConnection.on("error", () => {});
  const events = new QueueEvents(QUEUE, { connection: eventConnection, prefix: PREFIX, skipVersionCheck: true });
  events.on("error", () => {});
  let givenUpUntilMs = Number.NEGATIVE_INFINITY;
  const outside = new Map<string, Outside>();
  const ended = ({ jobId }: { readonly jobId: string }): void => outside.get(jobId)?.end();
  events.on("completed", ended);
  events.on("failed", ended);

  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void timers.set(ms, resolve));
  }

  async function answered<T>(asked: Promise<T>): Promise<T> {
    const expired = Promise.withResolvers<never>();
    const cancel = timers.set(ANSWER_MS, () => expired.reject(new NobodyDoesIt("Redis gave no answer")));
    asked.catch(() => {});
    return await Promise.race([expired.promise, loss.promise, asked]).finally(cancel);
  }

  async function untilEnded(id: string, ended: Promise<void>): Promise<void> {
    let activeSinceMs: number | undefined;
    for (;;) {
      const { promise: checkTime, resolve } = Promise.withResolvers<void>();
      const cancel = timers.set(CHECK_MS, resolve);
      await Promise.race([ended, checkTime]);
      cancel();
      const state = await answered(queue.getJobState(id));
      if (state === "completed" || state === "failed") return;
      if (state === "unknown") throw new NobodyDoesIt("Redis no longer knows it");
      if ((await answered(queue.getWorkersCount())) === 0) throw new NobodyDoesIt("there is no worker any more");
      if (state !== "active") activeSinceMs = undefined;
      else activeSinceMs ??= clock.monotonic();
      if (activeSinceMs !== undefined && clock.monotonic() - activeSinceMs > OVERDUE_MS) throw new NobodyDoesIt("a worker does not come to its end");
    }
  }

  async function outcome(id: string): Promise<FileEvent> {
    const ended: Job<FileTask> | undefined = await answered(queue.getJob(id));
    const event = readFileEvent(ended?.returnvalue);
    if (event === undefined) throw new NobodyDoesIt(ended?.failedReason ?? "a worker of another version answered");
    return event;
  }

  return {
    atOnce: AT_ONCE,
    async areThere() {
      return await answered(queue.getWorkersCount())
        .then((workers) => workers > 0)
        .catch(() => false);
    },
    async ingest(entry, earlier, signal) {
      if (clock.monotonic() < givenUpUntilMs) return undefined;
      const id = newId();
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      outside.set(id, { end });
      try {
        signal?.throwIfAborted();
        await answered(
          queue.add("file", toTask(entry, earlier?.id), {
            jobId: id,
            attempts: ATTEMPTS,
            backoff: { type: "fixed", delay: BACKOFF_MS },
            removeOnComplete: { age: KEPT_SECONDS },
            removeOnFail: { age: KEPT_SECONDS },
          }),
        );
        await untilEnded(id, ended);
        return await outcome(id);
      } catch (error) {
        signal?.throwIfAborted();
        givenUpUntilMs = clock.monotonic() + GIVEN_UP_MS;
        log.warn(
          { path: entry.path, reason: error instanceof Error ? error.message : String(error) },
          "no worker ingested this file; it is done here",
        );
        // So that no worker begins with it any more; one that has begun does what is done here once more.
        queue.remove(id).catch(() => undefined);
        return undefined;
      } finally {
        outside.delete(id);
      }
    },
    async close() {
      const closing = Promise.allSettled([queue.close(), events.close()]);
      endConnection();
      endEventConnection();
      await Promise.race([closing, pause(ANSWER_MS)]);
    },
  };
}
