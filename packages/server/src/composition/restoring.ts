/** What a restore works on: the stores of the configuration, while no server uses them. */

import { pino } from "pino";
import { readDecryption } from "../adapters/age/file-encryption.ts";
import { openDataDirectory } from "../adapters/data-directory/data-directory.ts";
import { startEmbeddedPostgres } from "../adapters/pglite/embedded-postgres.ts";
import type { PostgresAddress } from "../adapters/postgres/client.ts";
import { createDatabase } from "../adapters/postgres/database.ts";
import { knownSchemaVersion } from "../adapters/postgres/migrate.ts";
import { createRestoreTarget } from "../adapters/postgres/restore-target.ts";
import { connectRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { createSessionRestoration } from "../adapters/redis/session-restoration.ts";
import type { OperationsConfig } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import { type OpenedSet, openSet } from "../operations/backup-sets/open-set.ts";
import type { RestoreServices } from "../operations/restoring/restore.ts";
import { clearCachedAnswers } from "./cached-answers.ts";
import { createOpenedParts, type OpenedParts } from "./opened-parts.ts";
import { clock, timers } from "./time.ts";

/** A command tells what goes wrong itself. */
const SILENT = pino({ level: "silent" });
const APPLICATION = "rag-personal-restore";
/** Of one call; a statement of a restore brings its own. */
const DATABASE_TIMEOUT_MS = 30_000;
/** A script over all sessions, and a Redis that is busy with it. */
const REDIS_TIMEOUT_MS = 60_000;
const REDIS_CONNECT_MS = 10_000;

export interface RestoringOptions {
  readonly say: (message: string) => void;
  readonly onProgress?: RestoreServices["onProgress"];
  readonly signal: AbortSignal;
}

export interface Restoring {
  readonly services: RestoreServices;
  close(): Promise<void>;
}

type SetConfig = Pick<OperationsConfig, "BACKUP_DIR" | "BACKUP_AGE_IDENTITY_FILE">;

/** Opens a set of the configured folder. */
export async function openConfiguredSet(config: SetConfig, name: string): Promise<OpenedSet> {
  const { BACKUP_DIR: directory, BACKUP_AGE_IDENTITY_FILE: identityFile } = config;
  const decryption = identityFile === undefined ? undefined : await readDecryption(identityFile);
  return await openSet(directory, name, { knownSchemaVersion: await knownSchemaVersion(), decryption });
}

/** Opens the configured stores. @throws {ExitError} when a server has them, or they cannot be reached. */
export async function openRestoring(config: OperationsConfig, options: RestoringOptions): Promise<Restoring> {
  const opened = createOpenedParts(SILENT);
  try {
    const address = await openDatabase(config, opened);
    return { services: await restoreServices(address, config, opened, options), close: () => opened.closeAll() };
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

/** The embedded database belongs to whoever holds the lock of its folder: that no server runs is certain then. A new machine has none yet. */
async function openDatabase(config: OperationsConfig, opened: OpenedParts): Promise<PostgresAddress> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL };
  const dataDirectory = await openDataDirectory(config.DATA_DIR);
  opened.add(() => dataDirectory.release());
  const embedded = await startEmbeddedPostgres({ dataDir: dataDirectory.resolve("postgres") });
  opened.add(() => embedded.stop());
  return embedded.connection;
}

async function restoreServices(
  address: PostgresAddress,
  config: OperationsConfig,
  opened: OpenedParts,
  { say, onProgress, signal }: RestoringOptions,
): Promise<RestoreServices> {
  const database = createDatabase({ server: address, maxConnections: 1, timeoutMs: DATABASE_TIMEOUT_MS, applicationName: APPLICATION });
  opened.add(() => database.close(DATABASE_TIMEOUT_MS));
  const redis = config.REDIS_URL === undefined ? undefined : await openRedis(config.REDIS_URL, opened);
  return {
    target: createRestoreTarget(database),
    sessions: redis && createSessionRestoration(redis),
    openSet: (name) => openConfiguredSet(config, name),
    clearCache: () => clearCachedAnswers(config, { log: SILENT }),
    now: clock.now,
    say,
    onProgress,
    signal,
  };
}

/** Resolves when it is ready. @throws {ExitError} when it is not in time. */
export async function openRedis(url: string, opened: OpenedParts): Promise<RedisConnection> {
  const redis = connectRedis({ url, log: SILENT, clock, timers, random: Math.random, commandTimeoutMs: REDIS_TIMEOUT_MS });
  opened.add(() => redis.close());
  if (redis.state() === "ready") return redis;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = timers.set(REDIS_CONNECT_MS, () =>
    reject(new ExitError("Redis, which keeps the sessions, does not answer. Start it, and try again.")),
  );
  const forget = redis.onReady(resolve);
  try {
    await promise;
  } finally {
    cancel();
    forget();
  }
  return redis;
}
