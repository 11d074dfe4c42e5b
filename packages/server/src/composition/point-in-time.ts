/** A backup set of any moment that the continuous archive covers. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEncryption, readDecryption } from "../adapters/age/file-encryption.ts";
import { readDiskSpace } from "../adapters/data-directory/disk-space.ts";
import { takeExclusiveLock } from "../adapters/data-directory/exclusive-lock.ts";
import type { PostgresAddress } from "../adapters/postgres/client.ts";
import { knownSchemaVersion } from "../adapters/postgres/migrate.ts";
import { createRecordSource } from "../adapters/postgres/record-dump.ts";
import { type ArchiveFolder, listArchives, listBaseBackups } from "../adapters/postgres-programs/archive-folder.ts";
import { findPostgresPrograms } from "../adapters/postgres-programs/programs.ts";
import { type Recovered, recover } from "../adapters/postgres-programs/recover.ts";
import { postgresOwner } from "../adapters/postgres-programs/run-as.ts";
import { type OperationsConfig, readSearchPath } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import type { Manifest } from "../operations/backup-sets/manifest.ts";
import { takeBackup } from "../operations/take-backup.ts";

import { PRODUCT_VERSION } from "./product-version.ts";
import { clock } from "./time.ts";

/** A day of WAL is replayed within minutes. */
const RECOVERY_TIMEOUT_MS = 60 * 60_000;
const DEFAULT_NAME = "postgres";

export interface MomentOptions {
  /** Milliseconds since the epoch; undefined: the newest there is. */
  readonly toMs: number | undefined;
  /** A `pg_wal` that outlived its database. */
  readonly walFrom?: string | undefined;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

export const continuousFolder = ({ BACKUP_DIR }: Pick<OperationsConfig, "BACKUP_DIR">): string => join(BACKUP_DIR, "continuous");

/** Root hands the files to another user, who may not look into folders of ours. */
export const scratchFolder = ({ BACKUP_DIR }: Pick<OperationsConfig, "BACKUP_DIR">): string =>
  process.getuid?.() === 0 ? tmpdir() : join(BACKUP_DIR, ".scratch");

/** The archive with the newest base backup from before the moment: a database that was made anew has one of its own. */
export async function newestArchive(config: Pick<OperationsConfig, "BACKUP_DIR">, toMs: number | undefined): Promise<ArchiveFolder | undefined> {
  let found: { readonly archive: ArchiveFolder; readonly endedMs: number } | undefined;
  for (const archive of await listArchives(continuousFolder(config))) {
    for (const { endedAt } of await listBaseBackups(archive)) {
      const endedMs = Date.parse(endedAt);
      if ((toMs === undefined || endedMs <= toMs) && endedMs > (found?.endedMs ?? 0)) found = { archive, endedMs };
    }
  }
  return found?.archive;
}

/** Recovers the database in a scratch PostgreSQL; to be removed by the caller. @throws {ExitError} when it cannot be. */
export async function recoverMoment(config: OperationsConfig, { toMs, walFrom, say, signal }: MomentOptions): Promise<Recovered> {
  const archive = await newestArchive(config, toMs);
  if (archive === undefined) {
    throw new ExitError(
      toMs === undefined
        ? `There is no base backup in ${continuousFolder(config)}. Restore a backup set.`
        : `There is no base backup from before ${new Date(toMs).toISOString()} in ${continuousFolder(config)}. Restore a backup set from before it.`,
    );
  }
  const url = config.DATABASE_URL === undefined ? undefined : new URL(config.DATABASE_URL);
  return await recover({
    archive,
    toMs,
    walFrom,
    findPrograms: (major) => findPostgresPrograms(major, readSearchPath()),
    owner: postgresOwner(),
    scratchFolder: scratchFolder(config),
    user: decodeURIComponent(url?.username ?? "") || DEFAULT_NAME,
    database: decodeURIComponent(url?.pathname.slice(1) ?? "") || DEFAULT_NAME,
    timeoutMs: RECOVERY_TIMEOUT_MS,
    say,
    signal,
  });
}

/** Recovers the moment and makes a backup set of it, which is restored like any other. @throws {ExitError} when it cannot be recovered. */
export async function makeSetOfMoment(config: OperationsConfig, options: MomentOptions): Promise<Manifest> {
  const { cluster, endedEarly, lastTransactionAt, remove } = await recoverMoment(config, options);
  try {
    options.say(`recovered; the last transaction is of ${lastTransactionAt ?? "before the base backup"}`);
    const isWhole = options.toMs !== undefined && !endedEarly;
    const recoveredTo = isWhole ? new Date(options.toMs).toISOString() : lastTransactionAt;
    const { manifest } = await takeBackup(await servicesOver(config, cluster.address), { directory: config.BACKUP_DIR, recoveredTo });
    options.say(`made the set ${manifest.name} of it`);
    return manifest;
  } finally {
    await remove();
  }
}

/** Without sessions: those in Redis have no past. */
async function servicesOver(config: OperationsConfig, address: PostgresAddress): Promise<Parameters<typeof takeBackup>[0]> {
  const { BACKUP_AGE_RECIPIENTS: recipients, BACKUP_AGE_IDENTITY_FILE: identityFile } = config;
  return {
    record: createRecordSource(address),
    sessions: undefined,
    encryption: recipients.length === 0 ? undefined : createEncryption(recipients),
    decryption: identityFile === undefined ? undefined : await readDecryption(identityFile),
    takeLock: takeExclusiveLock,
    freeBytes: async (directory) => (await readDiskSpace(directory))?.freeBytes,
    clock,
    knownSchemaVersion: await knownSchemaVersion(),
    productVersion: PRODUCT_VERSION,
  };
}
