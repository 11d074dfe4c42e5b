/** What backups are made of and with, wired for a command or for the server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { RagError } from "@rag-personal/core";
import { createEncryption, readDecryption } from "../adapters/age/file-encryption.ts";
import { tryDataDirectory } from "../adapters/data-directory/data-directory.ts";
import { readDiskSpace } from "../adapters/data-directory/disk-space.ts";
import { takeExclusiveLock } from "../adapters/data-directory/exclusive-lock.ts";
import { noteOperations } from "../adapters/data-directory/operations-file.ts";
import { startEmbeddedPostgres } from "../adapters/pglite/embedded-postgres.ts";
import type { PostgresAddress } from "../adapters/postgres/client.ts";
import { knownSchemaVersion } from "../adapters/postgres/migrate.ts";
import { createRecordSource } from "../adapters/postgres/record-dump.ts";
import { createRemoteCopy } from "../adapters/rclone/remote-copy.ts";
import { connectRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { createSessionSource } from "../adapters/redis/session-dump.ts";
import { environmentOfOthers, type OperationsConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { BackupFailure } from "../operations/backup-failure.ts";
import { summariseBackup } from "../operations/backup-summary.ts";
import { type BackupRun, type BackupRunOptions, runBackup } from "../operations/run-backup.ts";
import type { BackupServices } from "../operations/take-backup.ts";
import type { AppServices } from "../services.ts";
import { createOpenedParts, type OpenedParts } from "./opened-parts.ts";
import { PRODUCT_VERSION } from "./product-version.ts";
import { clock, timers } from "./time.ts";

/** How a backup is asked for. */
export interface Backups {
  readonly services: BackupServices;
  /** Takes a backup, copies it off the machine and removes what has had its time; notes the success for the metrics. */
  run(options?: Pick<BackupRunOptions, "withoutSessions" | "onProgress">): Promise<BackupRun>;
}

/** @param redis the connection of a running server; without one, one is made where sessions are in Redis. */
export async function openBackups(
  config: OperationsConfig,
  address: PostgresAddress,
  { redis, opened, log }: { readonly redis?: RedisConnection | undefined; readonly opened: OpenedParts; readonly log: Log },
): Promise<Backups> {
  const { BACKUP_AGE_RECIPIENTS: recipients, BACKUP_AGE_IDENTITY_FILE: identityFile, BACKUP_REMOTE: target } = config;
  const sessionRedis = redis ?? (config.REDIS_URL === undefined ? undefined : openRedis(config, config.REDIS_URL, opened, log));
  const services: BackupServices = {
    record: createRecordSource(address),
    sessions: sessionRedis && createSessionSource({ redis: sessionRedis, clock, timers }),
    encryption: recipients.length === 0 ? undefined : createEncryption(recipients),
    decryption: identityFile === undefined ? undefined : await readDecryption(identityFile),
    takeLock: takeExclusiveLock,
    freeBytes: async (directory) => (await readDiskSpace(directory))?.freeBytes,
    clock,
    knownSchemaVersion: await knownSchemaVersion(),
    productVersion: PRODUCT_VERSION,
  };
  const remote = target === undefined ? undefined : createRemoteCopy({ target, environment: environmentOfOthers() });
  return {
    services,
    run: (options = {}) =>
      runBackup(
        {
          ...services,
          remote,
          noteSuccess: (endedAt) => noteOperations(join(config.DATA_DIR, "operations.json"), { lastBackupAt: endedAt }),
        },
        {
          directory: config.BACKUP_DIR,
          rules: { keepDays: config.BACKUP_KEEP_DAYS, keepLast: config.BACKUP_KEEP_LAST },
          ...options,
        },
      ),
  };
}

/** The operation of a running server: what goes wrong is told as to any client. */
export async function openBackupOperation(...given: Parameters<typeof openBackups>): Promise<AppServices["takeBackup"]> {
  const [config, , { log }] = given;
  const backups = await openBackups(...given);
  return async ({ withoutSessions }) => {
    try {
      const run = await backups.run({ withoutSessions });
      for (const problem of run.problems) log.warn({ set: run.manifest.name }, problem);
      log.info({ set: run.manifest.name, sizeBytes: run.sizeBytes, durationMs: run.durationMs }, "a backup was taken");
      return summariseBackup(run);
    } catch (error) {
      log.error({ err: error, directory: config.BACKUP_DIR }, "no backup could be taken");
      if (!(error instanceof BackupFailure)) throw error;
      throw new RagError(error.fault === "busy" ? "conflict" : "store_unavailable", error.message, { cause: error });
    }
  };
}

/**
 * Opens what a command needs for backups, and closes it after the work.
 *
 * @returns undefined when a server holds the embedded database: then only that can.
 */
export async function withBackups<T>(config: OperationsConfig, log: Log, work: (backups: Backups) => Promise<T>): Promise<T | undefined> {
  const opened = createOpenedParts(log);
  try {
    const address = await openRecordDatabase(config, opened);
    return address && (await work(await openBackups(config, address, { opened, log })));
  } finally {
    await opened.closeAll();
  }
}

/** A command reads batches, and can wait longer for them than somebody who asks a question. */
const REDIS_TIMEOUT_MS = 5_000;

function openRedis(config: OperationsConfig, url: string, opened: OpenedParts, log: Log): RedisConnection {
  const redis = connectRedis({
    url,
    log,
    clock,
    timers,
    random: Math.random,
    commandTimeoutMs: Math.max(config.REDIS_TIMEOUT_MS, REDIS_TIMEOUT_MS),
  });
  opened.add(() => redis.close());
  return redis;
}

/** The database that holds the record: the configured one, or the embedded one, unless a server has it. */
async function openRecordDatabase(config: OperationsConfig, opened: OpenedParts): Promise<PostgresAddress | undefined> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL };
  if (!existsSync(join(config.DATA_DIR, "postgres"))) return undefined;
  const dataDirectory = await tryDataDirectory(config.DATA_DIR);
  if (dataDirectory === undefined) return undefined;
  opened.add(() => dataDirectory.release());
  const embedded = await startEmbeddedPostgres({ dataDir: dataDirectory.resolve("postgres") });
  opened.add(() => embedded.stop());
  return embedded.connection;
}
