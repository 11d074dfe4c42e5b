/** Jobs that bring documents into the index: how they are told, and how they are followed. */
import { array, boolean, nullable, number, object, oneOf, optional, type Shape, string, type Tagged, tagged } from "../http/shape.ts";
import type { OpenUnion } from "../open-union.ts";
import type { PagedList } from "../paged-list.ts";

/** How far a job is, in files. */
export interface IngestionProgress {
  readonly done: number;
  readonly total: number;
}

/** What became of one file. */
export interface FileResult {
  readonly path: string;
  readonly outcome: OpenUnion<"added" | "changed" | "failed" | "removed" | "unchanged">;
  readonly chunks?: number | undefined;
  /** With `failed`: where. */
  readonly stage?: string | undefined;
  /** With `failed`: why. */
  readonly reason?: string | undefined;
  /** With `failed`: whether the version stored by an earlier run is still there. */
  readonly keptEarlierVersion?: boolean | undefined;
}

/** One run over the documents. Times are ISO 8601 in UTC. */
export interface IngestionJob {
  readonly id: string;
  /** `failed` and `interrupted` are ends too; with `succeeded` single files may have failed, as `counts` tells. */
  readonly state: OpenUnion<"failed" | "interrupted" | "running" | "succeeded">;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly progress: IngestionProgress;
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

/** A part of a list. */
export interface IngestionJobPage {
  readonly jobs: readonly IngestionJobSummary[];
  /** For the next part; null at the end. */
  readonly nextCursor: string | null;
}

/** Jobs, page by page as they are read. */
export type IngestionJobList = PagedList<IngestionJobSummary, IngestionJobPage>;

/** Which jobs to list. */
export interface IngestionJobFilter {
  /** Jobs in one page, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** `nextCursor` of an earlier page, to go on behind it. */
  readonly cursor?: string | undefined;
  /** Only jobs in this state. */
  readonly state?: "failed" | "interrupted" | "running" | "succeeded" | undefined;
}

/** What a job tells: its state when it is first looked at, each file and how far it is, and its end. */
export type IngestionEvent =
  | { readonly type: "job"; readonly job: IngestionJob }
  | { readonly type: "file"; readonly file: FileResult }
  | { readonly type: "progress"; readonly progress: IngestionProgress }
  | { readonly type: "done"; readonly job: IngestionJob };

const progress: Shape<IngestionProgress> = object({ done: number, total: number });

const file: Shape<FileResult> = object<FileResult>({
  path: string,
  outcome: string,
  chunks: optional(number),
  stage: optional(string),
  reason: optional(string),
  keptEarlierVersion: optional(boolean),
});

const summary = {
  id: string,
  state: string,
  startedAt: string,
  finishedAt: nullable(string),
  progress,
  counts: object({ added: number, changed: number, removed: number, unchanged: number, failed: number }),
  error: nullable(string),
};

/** @internal */
export const jobShape: Shape<IngestionJob> = object<IngestionJob>({ ...summary, files: array(file) });

/** @internal */
export const jobPageShape: Shape<IngestionJobPage> = object({ jobs: array(object<IngestionJobSummary>(summary)), nextCursor: nullable(string) });

type EventOf<Type extends IngestionEvent["type"]> = Extract<IngestionEvent, { type: Type }>;

/** @internal */
export const jobEvent: Tagged<IngestionEvent> = tagged<IngestionEvent>({
  job: object<EventOf<"job">>({ type: oneOf("job"), job: jobShape }),
  file: object<EventOf<"file">>({ type: oneOf("file"), file }),
  progress: object<EventOf<"progress">>({ type: oneOf("progress"), progress }),
  done: object<EventOf<"done">>({ type: oneOf("done"), job: jobShape }),
});
