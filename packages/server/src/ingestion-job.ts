/** What an ingestion job is, what becomes of it, and what its followers are told. */
import type { IngestionEvent } from "@rag-personal/core";

/** What became of one file. */
export interface FileResult {
  readonly path: string;
  readonly outcome: "added" | "changed" | "removed" | "unchanged" | "failed";
  readonly chunks?: number | undefined;
  readonly stage?: string | undefined;
  readonly reason?: string | undefined;
  /** With `failed`: whether the version stored by an earlier run is still there. */
  readonly keptEarlierVersion?: boolean | undefined;
}

/** One run over the documents folder and what was uploaded, or over the uploads alone. */
export interface IngestionJob {
  readonly id: string;
  /**
   * `running`: accepted and not ended; it may wait for the job before it. `interrupted`: the server stopped before the job ended; the next
   * start finished the work.
   */
  readonly state: "running" | "succeeded" | "failed" | "interrupted";
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly progress: { readonly done: number; readonly total: number };
  readonly counts: {
    readonly added: number;
    readonly changed: number;
    readonly removed: number;
    readonly unchanged: number;
    readonly failed: number;
  };
  /** A result for each file that was not simply unchanged. */
  readonly files: readonly FileResult[];
  /** Why the whole job failed. */
  readonly error: string | null;
}

/** A job without what became of single files. */
export type IngestionJobSummary = Omit<IngestionJob, "files">;

/** Which jobs to list, the last begun first, those of one time by their ids. */
export interface IngestionJobListing {
  /** At most so many. */
  readonly limit: number;
  /** Only jobs that come after this one, which need not be there any more. */
  readonly after?: Pick<IngestionJob, "id" | "startedAt"> | undefined;
  readonly state?: IngestionJob["state"] | undefined;
}

/** What followers of a job are told: its state now, each file as it is done, how far it is, and the end. */
export type IngestionJobEvent =
  | { readonly type: "job"; readonly job: IngestionJob }
  | { readonly type: "file"; readonly file: FileResult }
  | { readonly type: "progress"; readonly progress: IngestionJob["progress"] }
  | { readonly type: "done"; readonly job: IngestionJob };

/** A job that has done nothing yet. @param startedAt ISO 8601. */
export const acceptedJob = (id: string, startedAt: string): IngestionJob => ({
  id,
  state: "running",
  startedAt,
  finishedAt: null,
  progress: { done: 0, total: 0 },
  counts: { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 },
  files: [],
  error: null,
});

/** The job when this has happened. What became of a file is counted here and listed by whoever keeps the list. */
export function jobAfter(job: IngestionJob, event: IngestionEvent): IngestionJob {
  switch (event.type) {
    case "started":
      return { ...job, progress: { done: 0, total: event.total } };
    case "file": {
      const counts = { ...job.counts, [event.outcome]: job.counts[event.outcome] + 1 };
      return { ...job, counts };
    }
    case "progress":
      return { ...job, progress: { done: event.done, total: event.total } };
    case "finished":
      return job;
  }
}
