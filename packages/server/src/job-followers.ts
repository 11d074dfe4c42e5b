/** Those who follow ingestion jobs: each is told of one job, from its state now to its end. */
import { RagError } from "@rag-personal/core";
import type { IngestionJob, IngestionJobEvent } from "./ingestion-jobs.ts";

export interface JobFollowers {
  /** Tells the followers of that job. */
  tell(jobId: string, event: IngestionJobEvent): void;
  /** The state now, each file as it is done, and the end. @throws RagError `not_found` for an unknown job. */
  follow(jobId: string, signal: AbortSignal): AsyncGenerator<IngestionJobEvent, void>;
}

type Listener = (jobId: string, event: IngestionJobEvent) => void;

/** @param get the job as it stands. */
export function createJobFollowers(get: (jobId: string) => Promise<IngestionJob | undefined>): JobFollowers {
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
        if (job === undefined) throw new RagError("not_found", "There is no ingestion job with this id.");
        yield { type: job.state === "running" ? "job" : "done", job };
        if (job.state !== "running") return;
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
