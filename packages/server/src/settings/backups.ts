/** Settings of backups. */
import { integer, list, optional, type Setting } from "./kinds.ts";

/** A time of day in UTC, as minutes since midnight. */
const timeOfDay = (description: string, fallback: string): Setting<number> => ({
  description,
  fallback,
  parse: (raw) => {
    const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(raw || fallback) ?? [];
    if (hours === undefined || minutes === undefined) throw new Error(`must be a time such as ${fallback}, not "${raw}"`);
    return Number(hours) * 60 + Number(minutes);
  },
});

/** The beginning of what rclone reads as a remote with options of its own: `remote,option=value:path` or `:backend,option=value:path`. */
const REMOTE_WITH_OPTIONS = /^:?[^/\\:,]+,.*:/s;

/** A target of rclone. It stands on a command line, which every user of the machine can read, so what may be a password is refused, unrepeated. */
const remote = (description: string, fallback: string): Setting<string | undefined> => ({
  ...optional(description, fallback),
  parse: (raw) => {
    if (raw !== undefined && REMOTE_WITH_OPTIONS.test(raw))
      throw new Error(
        "must be remote:path without options of the remote, which everybody on this machine could read: put them into rclone's configuration, or into variables such as RCLONE_CONFIG_REMOTE_PASS",
      );
    return raw === "" ? undefined : raw;
  },
});

export const BACKUP_SETTINGS = {
  BACKUP_DIR: optional("Folder of the backup sets; another disk than that of the data serves better.", "`DATA_DIR` with `-backups` behind its name"),
  BACKUP_EVERY_MINUTES: integer("How often `rag backup-service` takes a backup, in minutes.", 1_440, 5, 10_080),
  BACKUP_AT: timeOfDay("Time of day in UTC from which `BACKUP_EVERY_MINUTES` is counted.", "03:00"),
  BACKUP_KEEP_DAYS: integer("Days for which a backup set is kept.", 7, 0, 36_500),
  BACKUP_KEEP_LAST: integer("Backup sets that stay however old they are: the last good ones.", 7, 1, 10_000),
  BACKUP_AGE_RECIPIENTS: list(
    "Public keys of age (`age1…`), separated by commas, that backup sets are encrypted for.",
    "none: as the folder protects them",
  ),
  BACKUP_AGE_IDENTITY_FILE: optional(
    "File with the private keys of age that open encrypted sets; without it a set is written and compared, and not opened.",
    "none",
  ),
  BACKUP_REMOTE: remote("Where `rag backup` copies each set off the machine with rclone, as `remote:path`.", "none: nowhere"),
  BACKUP_CONTINUOUS: integer(
    "1: `rag backup-service` also archives the database at `DATABASE_URL` continuously, so that it can be restored to any moment.",
    0,
    0,
    1,
  ),
  BASE_BACKUP_EVERY_HOURS: integer("How often the continuous archive begins anew with a whole copy of the database, in hours.", 24, 1, 720),
  DRILL_EVERY_HOURS: integer("How often `rag backup-service` restores the newest set into scratch stores, in hours; 0: never.", 168, 0, 8_760),
} as const satisfies Record<string, Setting<unknown>>;
