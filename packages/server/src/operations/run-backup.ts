/** All that a backup is: taken, copied off the machine, those removed that have had their time. */
import { applyRetention } from "./apply-retention.ts";
import { BackupFailure } from "./backup-failure.ts";
import type { RemoteCopy } from "./remote-copy.ts";
import type { RetentionRules } from "./retention.ts";
import { type Backup, type BackupOptions, type BackupServices, takeBackup } from "./take-backup.ts";

export interface BackupRunServices extends BackupServices {
  /** Undefined: nothing leaves the machine. */
  readonly remote: RemoteCopy | undefined;
  /** Called with the end of a backup that was read back, as ISO 8601. */
  readonly noteSuccess: (endedAt: string) => Promise<void>;
}

export interface BackupRunOptions extends BackupOptions {
  readonly rules: RetentionRules;
}

export interface BackupRun extends Backup {
  /** Sets that were removed. */
  readonly removed: readonly string[];
  /** It was copied off the machine, and the copy compared; null: that was not asked for. */
  readonly isCopied: boolean | null;
  /** What went wrong after the set was good. */
  readonly problems: readonly string[];
}

/**
 * Takes a backup. Once it is good, nothing that goes wrong makes it less so: that is told in `problems`.
 *
 * @throws as {@link takeBackup}.
 */
export async function runBackup(services: BackupRunServices, options: BackupRunOptions): Promise<BackupRun> {
  const { remote, noteSuccess } = services;
  const backup = await takeBackup(services, options);
  const problems: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      problems.push(error instanceof BackupFailure ? error.message : `${what}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  const { name, endedAt } = backup.manifest;
  const isCopied = remote === undefined ? null : await attempt("The copy failed", () => remote.copy(options.directory, name));
  let removed: readonly string[] = [];
  await attempt("Old sets could not be removed", async () => {
    removed = await applyRetention(services, options.directory, options.rules);
  });
  if (remote !== undefined && isCopied) for (const old of removed) await attempt("An old copy could not be removed", () => remote.remove(old));
  await attempt("The success could not be noted for the metrics", () => noteSuccess(endedAt));
  return { ...backup, removed, isCopied, problems };
}
