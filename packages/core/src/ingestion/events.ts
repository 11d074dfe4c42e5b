/** What an ingestion tells while it runs. */
import type { IngestionStage } from "./source.ts";

export type IngestionOutcome = "added" | "changed" | "removed" | "unchanged" | "failed";

/** A file that was set aside. */
export interface IngestionFailure {
  readonly path: string;
  readonly stage: IngestionStage;
  /** For people; says so when an earlier version stays in the store. */
  readonly reason: string;
  /** True when the version stored by an earlier run is still there. */
  readonly keptEarlierVersion: boolean;
}

/** One `started`; for each file a `file` and then a `progress`; one `finished`. */
export type IngestionEvent =
  | { readonly type: "started"; readonly total: number }
  | { readonly type: "file"; readonly path: string; readonly outcome: "added" | "changed"; readonly chunks: number }
  | { readonly type: "file"; readonly path: string; readonly outcome: "removed" | "unchanged" }
  | ({ readonly type: "file"; readonly outcome: "failed" } & IngestionFailure)
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | {
      readonly type: "finished";
      readonly counts: Readonly<Record<IngestionOutcome, number>>;
      readonly failures: readonly IngestionFailure[];
      readonly durationMs: number;
    };
