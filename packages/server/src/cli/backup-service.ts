/** `rag backup-service`: backups by the clock, until it is stopped. */
import { takeBackup } from "./backup.ts";
import { createCommandLog } from "./command-log.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";

export interface BackupServiceCommandOptions {
  readonly health: boolean;
}

/** Ends well when it was asked to stop. */
export async function runBackupServiceCommand(context: Context, { health }: BackupServiceCommandOptions): Promise<number> {
  const config = await context.loadOperationsConfig();
  const { problemOfService, runBackupService } = await import("../composition/backup-service.ts");
  if (health) {
    const problem = await problemOfService(config);
    context.output.data({ healthy: problem === undefined, problem: problem ?? null }, () => problem ?? "the backup service is well");
    return problem === undefined ? EXIT.ok : EXIT.failed;
  }
  const stop = new AbortController();
  context.onTerminate(() => stop.abort());
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const say = (message: string): void => context.output.notice(`${new Date().toISOString()} ${message}`);
  say(
    `backups every ${config.BACKUP_EVERY_MINUTES} minutes into ${config.BACKUP_DIR}${config.BACKUP_CONTINUOUS === 1 ? ", the database archived continuously" : ""}${
      config.DRILL_EVERY_HOURS === 0 ? "" : `, a drill every ${config.DRILL_EVERY_HOURS} hours`
    }`,
  );
  await runBackupService(config, { takeBackup: (stopped) => takeBackup(context, { signal: stopped }), log: createCommandLog(context), say, signal });
  say("stopped");
  return EXIT.ok;
}
