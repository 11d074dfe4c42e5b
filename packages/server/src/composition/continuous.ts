/** The continuous archive of the configured database: a child that receives its log, and a whole copy of it from time to time. */
import { readdir } from "node:fs/promises";
import { createDatabase } from "../adapters/postgres/database.ts";
import { createSlot, dropSlot, type ReplicationFacts, readReplicationFacts, readSlot } from "../adapters/postgres/replication.ts";
import { type ArchiveFolder, listBaseBackups, openArchiveFolder, pruneArchive } from "../adapters/postgres-programs/archive-folder.ts";
import { takeBaseBackup } from "../adapters/postgres-programs/base-backup.ts";
import { connectionArguments, findPostgresPrograms, type PostgresPrograms } from "../adapters/postgres-programs/programs.ts";
import { SLOT, startWalReceiver, type WalReceiver } from "../adapters/postgres-programs/wal-receiver.ts";
import { type OperationsConfig, readSearchPath } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import type { OpenedParts } from "./opened-parts.ts";
import { continuousFolder } from "./point-in-time.ts";
import { clock, timers } from "./time.ts";

/** The database may be restored to moments since the last but one too. */
const BASES_KEPT = 2;
const DAY_MS = 86_400_000;

export interface ContinuousArchive {
  /** End of the newest base backup that recovery can begin with, and receives the log from then on; undefined: one is needed. */
  lastBaseBackupMs(): Promise<number | undefined>;
  /** Takes one, and removes what nothing needs any more. @returns what was done. */
  takeBaseBackup(signal: AbortSignal): Promise<string>;
}

interface Open {
  readonly archive: ArchiveFolder;
  readonly programs: PostgresPrograms;
  readonly facts: ReplicationFacts;
  readonly receiver: WalReceiver;
}

/** Nothing is opened before it is asked for: the database may be away. */
export function createContinuousArchive(
  config: OperationsConfig,
  url: string,
  opened: OpenedParts,
  say: (level: "info" | "warn", message: string) => void,
): ContinuousArchive {
  const connection = connectionArguments(url);
  const database = createDatabase({ server: { url }, maxConnections: 1, timeoutMs: config.DATABASE_TIMEOUT_MS });
  opened.add(() => database.close(0));
  let open: Open | undefined;
  /** The log has a hole: moments after it need a new beginning. */
  let hasGap = false;

  async function prepareSlot(archive: ArchiveFolder): Promise<{ readonly hasGap: boolean }> {
    const slot = await readSlot(database, SLOT);
    if (slot?.isLost === false) return { hasGap: false };
    if (slot !== undefined) await dropSlot(database, SLOT);
    await createSlot(database, SLOT);
    return { hasGap: (await readdir(archive.wal)).length > 0 };
  }

  async function ensureOpen(): Promise<Open> {
    if (open !== undefined) return open;
    const facts = await readReplicationFacts(database);
    const programs = await findPostgresPrograms(facts.major, readSearchPath());
    if (programs === undefined)
      throw new ExitError(
        `The database is a PostgreSQL ${facts.major}, and its programs are not installed here: postgresql-client-${facts.major} and postgresql-${facts.major}.`,
      );
    const archive = await openArchiveFolder(continuousFolder(config), facts.systemIdentifier);
    const receiver = startWalReceiver({
      archive,
      programs,
      connection,
      timers,
      now: clock.now,
      log: say,
      prepareSlot: () => prepareSlot(archive),
      onGap: () => {
        hasGap = true;
      },
    });
    opened.add(() => receiver.stop());
    open = { archive, programs, facts, receiver };
    return open;
  }

  return {
    async lastBaseBackupMs() {
      const { archive } = await ensureOpen();
      const newest = (await listBaseBackups(archive)).at(-1);
      return hasGap || newest === undefined ? undefined : Date.parse(newest.endedAt);
    },
    async takeBaseBackup(signal) {
      const { archive, programs, facts } = await ensureOpen();
      hasGap = false;
      try {
        const { name, sizeBytes } = await takeBaseBackup({ archive, programs, connection, segmentBytes: facts.segmentBytes, now: clock.now, signal });
        const pruned = await pruneArchive(archive, { keep: BASES_KEPT, olderThanMs: clock.now() - config.BACKUP_KEEP_DAYS * DAY_MS });
        return `base backup ${name}: ${sizeBytes} bytes; removed ${pruned.bases} old ones and ${pruned.segments} segments of the log`;
      } catch (error) {
        hasGap = true;
        throw error;
      }
    },
  };
}
