/** A job's place among the jobs of all servers that share the record: it waits for its turn, and goes on telling that somebody has it in hand. */
import type { Timers } from "@rag-personal/core";
import type { IngestionJob } from "./ingestion-job.ts";
import type { IngestionJobStore } from "./ingestion-job-store.ts";

export interface JobLease {
  /** Aborted when the job is no longer this server's, which was taken for gone: another one may be at it. */
  readonly lost: AbortSignal;
  /** Resolves when no other job is at work. @throws RagError `store_unavailable`; the reason of `signal`. */
  takeTurn(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing more of it is under way, so that the job's end can be recorded. */
  end(): Promise<void>;
}

const TURN_POLL_MS = 250;
const RENEWAL_MS = 2_000;

/** @param current the job as it stands. */
export function createJobLease({
  jobs,
  timers,
  current,
}: {
  readonly jobs: Pick<IngestionJobStore, "takeTurn" | "renewJob">;
  readonly timers: Timers;
  readonly current: () => IngestionJob;
}): JobLease {
  const lost = new AbortController();
  let renewal: Promise<void> | undefined;
  let hasEnded = false;
  let cancel = timers.set(RENEWAL_MS, renew);

  function renew(): void {
    renewal = jobs
      .renewJob(current())
      // A record that is away takes nobody for gone.
      .catch(() => true)
      .then((isHeld) => {
        if (!isHeld) lost.abort(new Error("another server has taken this one for gone, and its ingestion over"));
        else if (!hasEnded) cancel = timers.set(RENEWAL_MS, renew);
      });
  }

  return {
    lost: lost.signal,
    async takeTurn(signal) {
      while (!(await jobs.takeTurn(current().id))) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const stopWaiting = timers.set(TURN_POLL_MS, resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
        await promise;
        stopWaiting();
        signal.throwIfAborted();
      }
    },
    async end() {
      hasEnded = true;
      cancel();
      await renewal;
    },
  };
}
