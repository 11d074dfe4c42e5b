/** Those who follow ingestion jobs: each is told of one job, from its state now to its end. */
import { RagError, type Timers } from "@rag-personal/core";
import type { IngestionJob, IngestionJobEvent } from "./ingestion-job.ts";

export interface JobFollowers {
  /** Tells the followers of that job. */
  tell(jobId: string, event: IngestionJobEvent): void;
  /** The state now, each file as it is done, and the end. @throws RagError `not_found` for an unknown job. */
  follow(jobId: string, signal: AbortSignal): AsyncGenerator<IngestionJobEvent, void>;
}

type Listener = (jobId: string, event: IngestionJobEvent) => void;

/** A job of another server is looked at so often. */
const ELSEWHERE_POLL_MS = 500;

/**
 * @param get the job as it stands.
 * @param isHere whether its events are told here; a job of another server tells its progress through the record, and its files at the end.
 */
export function createJobFollowers({
  get,
  isHere,
  timers,
}: {
  readonly get: (jobId: string) => Promise<IngestionJob | undefined>;
  readonly isHere: (jobId: string) => boolean;
  readonly timers: Timers;
}): JobFollowers {
  /** From the state that was told to the end. */
  async function* followElsewhere(told: IngestionJob, signal: AbortSignal): AsyncGenerator<IngestionJobEvent, void> {
    let { progress } = told;
    while (!signal.aborted) {
      await pause(timers, signal);
      const job = await get(told.id);
      if (job === undefined) throw noJob();
      if (job.progress.done !== progress.done || job.progress.total !== progress.total) yield { type: "progress", progress: job.progress };
      progress = job.progress;
      if (job.state === "running") continue;
      for (const file of job.files) yield { type: "file", file };
      yield { type: "done", job };
      return;
    }
  }

  const listeners = new Set<Listener>();
  return {
    tell(jobId, event) {
      for (const listener of listeners) listener(jobId, event);
    },
    async *follow(jobId, signal) {
      const queue: IngestionJobEvent[] = [];
      let wake = (): void => {};
      const listener: Listener = (id, event) => {
        if (id !== jobId) return;
        queue.push(event);
        wake();
      };
      listeners.add(listener);
      const onAbort = (): void => wake();
      signal.addEventListener("abort", onAbort);
      try {
        const job = await get(jobId);
        if (job === undefined) throw noJob();
        // It may have ended here meanwhile: then its end is in the queue.
        const isElsewhere = !isHere(jobId) && queue.length === 0;
        yield { type: job.state === "running" ? "job" : "done", job };
        if (job.state !== "running") return;
        if (isElsewhere) {
          yield* followElsewhere(job, signal);
          return;
        }
        while (!signal.aborted) {
          const next = queue.shift();
          if (next === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (queue.length > 0 || signal.aborted) resolve();
            });
            continue;
          }
          yield next;
          if (next.type === "done") return;
        }
      } finally {
        listeners.delete(listener);
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

const noJob = (): RagError => new RagError("not_found", "There is no ingestion job with this id.");

async function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = timers.set(ELSEWHERE_POLL_MS, resolve);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  cancel();
}
