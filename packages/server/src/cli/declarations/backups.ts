/** Commands that keep the record safe. */
import type { BackupOptions } from "../backup.ts";
import type { BackupServiceCommandOptions } from "../backup-service.ts";
import { addCommand, type CommandGroup } from "../command-line.ts";

export function declareBackups(group: CommandGroup): void {
  addCommand<BackupOptions>(group, "backup", "take a backup of the record and the sessions now", async (context, options) =>
    (await import("../backup.ts")).runBackup(context, options),
  ).option("--without-sessions", "leave out sessions that are in Redis", false);
  addCommand<{ readonly verify: boolean }>(group, "backups", "the backup sets there are", async (context, options) =>
    (await import("../backups.ts")).runBackups(context, options),
  ).option("--verify", "read every set to its end, instead of its manifest alone", false);
  addCommand<BackupServiceCommandOptions>(group, "backup-service", "take backups by the clock, until it is stopped", async (context, options) =>
    (await import("../backup-service.ts")).runBackupServiceCommand(context, options),
  ).option("--health", "tell whether the service of this folder is well, instead", false);
}
