/** The record of ingestion jobs, as a port. */
import type { IngestionJob, IngestionJobListing, IngestionJobSummary } from "./ingestion-job.ts";

/** Where jobs are kept, those of all servers that share it. */
export interface IngestionJobStore {
  /**
   * A job that has ended is not set running again.
   *
   * @param holder names the server that has it in hand.
   */
  saveJob(job: IngestionJob, holder: string): Promise<void>;
  getJob(id: string): Promise<IngestionJob | undefined>;
  /** True when the job is at work from now on; false while another one is that somebody has in hand. */
  takeTurn(id: string): Promise<boolean>;
  /** Notes how far a running job is, and that somebody has it in hand. @returns false when it does not run any more. */
  renewJob(job: Pick<IngestionJob, "id" | "progress" | "counts">): Promise<boolean>;
  /** A job runs, of whichever server. */
  hasRunningJob(): Promise<boolean>;
  /** Marks jobs that nobody has in hand any more as interrupted, and those of this holder; returns how many. */
  interruptJobs(of: { readonly holder?: string | undefined; readonly finishedAt: string }): Promise<number>;
  /** Removes the oldest jobs that have ended until at most `keep` of those are left; returns how many went. */
  pruneJobs(keep: number): Promise<number>;
  listJobs(listing: IngestionJobListing): Promise<IngestionJobSummary[]>;
}
