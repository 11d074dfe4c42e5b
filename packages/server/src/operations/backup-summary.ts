/** What is told of a backup that was taken. */
import type { BackupRun } from "./run-backup.ts";

export interface BackupSummary {
  /** Of the set, by which it is restored. */
  readonly name: string;
  /** Of its folder, at whoever took it. */
  readonly path: string;
  /** The moment that it shows, as ISO 8601. */
  readonly snapshotAt: string;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  /** For which the record was read; the embedded database serves nobody else meanwhile. */
  readonly recordSeconds: number;
  /** Of all tables. */
  readonly rows: number;
  /** Keys of sessions in Redis; null where sessions are among the rows, or were left out. */
  readonly sessions: number | null;
  readonly encryption: "none" | "age";
  /** It was read back row by row; otherwise its bytes were compared, for want of the key. */
  readonly isOpened: boolean;
  /** It was copied off the machine; null where that is not asked for. */
  readonly isCopied: boolean | null;
  /** Older sets that went. */
  readonly removed: readonly string[];
  /** What went wrong beside it; the set is good nevertheless. */
  readonly problems: readonly string[];
}

export const summariseBackup = (run: BackupRun): BackupSummary => ({
  name: run.manifest.name,
  path: run.path,
  snapshotAt: run.manifest.snapshotAt,
  sizeBytes: run.sizeBytes,
  durationSeconds: Math.round(run.durationMs) / 1_000,
  recordSeconds: Math.round(run.recordMs) / 1_000,
  rows: run.manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
  sessions: run.manifest.sessions?.entries ?? null,
  encryption: run.manifest.encryption,
  isOpened: run.isOpened,
  isCopied: run.isCopied,
  removed: run.removed,
  problems: run.problems,
});
