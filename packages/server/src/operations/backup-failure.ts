/** Why there is no new backup, and what to do. */

export type BackupFault =
  /** Another backup is being taken into the same folder. */
  | "busy"
  /** The disk is full, or will be. */
  | "no_room"
  /** The folder of backups cannot be written to. */
  | "unwritable"
  /** Redis, which keeps the sessions, does not answer. */
  | "sessions_away"
  /** What was written is not what is read back. */
  | "not_readable"
  /** The set is good, and its copy off the machine is not. */
  | "not_copied";

/** Sets that were there before are still there. */
export class BackupFailure extends Error {
  override readonly name = "BackupFailure";
  readonly fault: BackupFault;

  constructor(fault: BackupFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const UNWRITABLE: ReadonlySet<unknown> = new Set([
  "EROFS",
  "EACCES",
  "EPERM",
  "ENOTDIR",
  "EEXIST",
  "ENOENT",
  "ELOOP",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ESTALE",
  "EBUSY",
]);

/** What to throw for an error of the file system that holds the backups; any other error as it is. */
export function toBackupFailure(directory: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (FULL.has(code))
    return new BackupFailure(
      "no_room",
      `The disk of ${directory} is full: no backup was taken, and those that are there were kept. Make room, or set BACKUP_DIR.`,
      {
        cause: error,
      },
    );
  if (UNWRITABLE.has(code))
    return new BackupFailure(
      "unwritable",
      `No backup can be written to ${directory} (${error instanceof Error ? error.message : String(code)}); those that are there were kept. Make it a folder that this user may write to, or set BACKUP_DIR.`,
      { cause: error },
    );
  return error;
}
