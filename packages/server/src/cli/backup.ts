/** `rag backup`: by this process where it can reach the database, and else by the server that has it. */
import type { Backup } from "@rag-personal/client";
import type { BackupStep } from "../operations/take-backup.ts";
import { createCommandLog } from "./command-log.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { megabytes } from "./megabytes.ts";

/** A large record takes a while, and the server stops by itself when something is wrong. */
const ASKED_TIMEOUT_MS = 3_600_000;

export interface BackupOptions {
  readonly withoutSessions: boolean;
}

export interface TakeBackupOptions {
  readonly withoutSessions?: boolean;
  readonly signal: AbortSignal;
  /** Told what is about to be done. */
  readonly announce?: (message: string) => void;
}

/** Good, with something that went wrong beside it, ends as done in part. */
export async function runBackup(context: Context, { withoutSessions }: BackupOptions): Promise<number> {
  const { signal, output } = context;
  const backup = await takeBackup(context, { withoutSessions, signal, announce: output.notice });
  output.data(backup, () => describe(backup));
  for (const problem of backup.problems) output.notice(problem);
  return backup.problems.length === 0 ? EXIT.ok : EXIT.partly;
}

/** Takes a backup of the record that the settings mean. */
export async function takeBackup(context: Context, options: TakeBackupOptions): Promise<Backup> {
  return (context.isServerNamed ? undefined : await takeHere(context, options)) ?? (await askServer(context, options));
}

async function askServer(context: Context, { withoutSessions, signal, announce }: TakeBackupOptions): Promise<Backup> {
  const { admin } = await context.connect();
  announce?.("The server takes the backup, into its BACKUP_DIR.");
  return await admin.backup({ withoutSessions, signal, timeoutMs: ASKED_TIMEOUT_MS });
}

/** Undefined when a server holds the embedded database: then only that can. */
async function takeHere(context: Context, { withoutSessions, signal, announce }: TakeBackupOptions): Promise<Backup | undefined> {
  const config = await context.loadOperationsConfig();
  const { withBackups } = await import("../composition/backups.ts");
  const { summariseBackup } = await import("../operations/backup-summary.ts");
  const what = config.DATABASE_URL === undefined ? `the database in ${config.DATA_DIR}` : "the database of DATABASE_URL";
  const tell = createProgress(context);
  return await withBackups(config, createCommandLog(context), async ({ run }) => {
    announce?.(`Backing up ${what} into ${config.BACKUP_DIR}.`);
    const onProgress = (step: BackupStep): void => {
      signal.throwIfAborted();
      tell(step);
    };
    return summariseBackup(await run({ withoutSessions, onProgress }));
  });
}

function createProgress({ output }: Context): (step: BackupStep) => void {
  let bytes = 0;
  return (step) => {
    if (step.step === "record") {
      bytes += step.bytes;
      output.progress(`record: ${megabytes(bytes)} (${step.table})`);
    } else if (step.step === "sessions") output.progress(`sessions: ${step.entries}`);
    else output.progress(`reading it back: ${Math.floor((100 * step.bytes) / Math.max(1, step.totalBytes))} %`);
  };
}

function describe({ name, path, sizeBytes, rows, sessions, isOpened, isCopied, removed, durationSeconds }: Backup): string {
  return [
    `${name}: ${megabytes(sizeBytes)}, ${rows} rows${sessions === null ? "" : `, ${sessions} entries of sessions`}, in ${durationSeconds.toFixed(1)} s`,
    `${path}, ${isOpened ? "read back row by row" : "compared byte by byte (no key to open it)"}${isCopied === true ? ", copied off the machine" : ""}`,
    ...(removed.length === 0 ? [] : [`removed: ${removed.join(", ")}`]),
  ].join("\n");
}
