/** The stores of a drill: made for it, and removed with it. */
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { noteOperations } from "../adapters/data-directory/operations-file.ts";
import { startEmbeddedPostgres } from "../adapters/pglite/embedded-postgres.ts";
import type { PostgresAddress } from "../adapters/postgres/client.ts";
import { createStores } from "../adapters/postgres/connection.ts";
import { createDatabase } from "../adapters/postgres/database.ts";
import { readSlot } from "../adapters/postgres/replication.ts";
import { createRestoreTarget } from "../adapters/postgres/restore-target.ts";
import { freePort, startNewCluster } from "../adapters/postgres-programs/new-cluster.ts";
import { findAnyPostgresPrograms, findPostgresPrograms, type PostgresPrograms } from "../adapters/postgres-programs/programs.ts";
import { giveTo, postgresOwner } from "../adapters/postgres-programs/run-as.ts";
import { SLOT } from "../adapters/postgres-programs/wal-receiver.ts";
import { createSessionRestoration } from "../adapters/redis/session-restoration.ts";
import { SESSION_PREFIX } from "../adapters/redis/session-store.ts";
import { findRedisServer, startScratchRedis } from "../adapters/redis-programs/scratch-redis.ts";
import { type OperationsConfig, readSearchPath } from "../config.ts";
import type { DrillReport, DrillServices, PointInTime, Scratch } from "../operations/drill/drill.ts";

import { createOpenedParts, type OpenedParts } from "./opened-parts.ts";
import { newestArchive, recoverMoment, scratchFolder } from "./point-in-time.ts";
import { openConfiguredSet, openRedis } from "./restoring.ts";
import { startScratchServer } from "./scratch-server.ts";
import { clock } from "./time.ts";

const DATABASE_TIMEOUT_MS = 60_000;
const MS = 1_000;
/** Passages that are asked about until one is found: not every one is a sentence. */
const PASSAGES = 8;
const PASSAGE_CHARS = { least: 20, most: 300 };

/** For the metrics: when a drill succeeded last, and what it measured. */
export const noteDrill = (path: string, { rtoSeconds, rpoSeconds }: DrillReport): Promise<void> =>
  noteOperations(path, { lastDrillAt: new Date(clock.now()).toISOString(), rtoSeconds, rpoSeconds });

export function drillServices(config: OperationsConfig, { say, signal }: Pick<DrillServices, "say" | "signal">): DrillServices {
  return {
    openSet: (name) => openConfiguredSet(config, name),
    async openScratch(options) {
      const opened = createOpenedParts(pino({ level: "silent" }));
      try {
        return await openScratch(config, opened, { ...options, signal });
      } catch (error) {
        await opened.closeAll();
        throw error;
      }
    },
    recoverNewest: () => recoverNewest(config, { say, signal }),
    archiveLagSeconds: () => readArchiveLag(config),
    clock,
    say,
    signal,
  };
}

interface ScratchOptions {
  readonly withSessions: boolean;
  readonly postgresVersion: string;
  readonly signal: AbortSignal;
}

async function openScratch(
  config: OperationsConfig,
  opened: OpenedParts,
  { withSessions, postgresVersion, signal }: ScratchOptions,
): Promise<Scratch> {
  const parent = scratchFolder(config);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, "rag-drill-"));
  opened.add(() => rm(folder, { recursive: true, force: true }));
  const dataDir = join(folder, "data");
  await mkdir(dataDir, { mode: 0o700 });

  // Those that must end before the server opens the files.
  const beforeServer = createOpenedParts(pino({ level: "silent" }));
  opened.add(() => beforeServer.closeAll());
  const programs = await choosePrograms(config, postgresVersion);
  let address: PostgresAddress;
  let databaseUrl: string | undefined;
  if (programs === undefined) {
    const embedded = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres") });
    beforeServer.add(() => embedded.stop());
    address = embedded.connection;
  } else {
    const owner = postgresOwner();
    await giveTo(owner, folder);
    const cluster = await startNewCluster({ programs, owner, folder, signal });
    opened.add(() => cluster.stop());
    ({ address, url: databaseUrl } = cluster);
  }
  const redisProgram = withSessions ? findRedisServer(readSearchPath()) : undefined;
  const redisServer = redisProgram === undefined ? undefined : await startScratchRedis(redisProgram, await freePort(), folder);
  if (redisServer !== undefined) opened.add(() => redisServer.stop());
  const redis = redisServer && (await openRedis(redisServer.url, opened));
  const database = createDatabase({ server: address, maxConnections: 1, timeoutMs: DATABASE_TIMEOUT_MS, applicationName: "rag-personal-drill" });
  beforeServer.add(() => database.close(DATABASE_TIMEOUT_MS));

  return {
    description: [
      programs === undefined ? "the embedded PostgreSQL" : `PostgreSQL ${programs.major}`,
      ...(redis === undefined ? [] : ["Redis"]),
    ].join(", "),
    target: createRestoreTarget(database),
    sessions: redis && createSessionRestoration(redis),
    async countSessionKeys() {
      return (await redis?.read((driver) => driver.keys(`${SESSION_PREFIX}*`)))?.length ?? 0;
    },
    async samplePassages() {
      const passages: { documentId: string; text: string }[] = [];
      for await (const chunks of createStores(database).documents.loadChunks()) {
        for (const { documentId, text } of chunks) {
          const passage = longestSentence(text);
          if (passage !== undefined) passages.push({ documentId, text: passage });
          if (passages.length === PASSAGES) return passages;
        }
      }
      return passages;
    },
    async startServer() {
      await beforeServer.closeAll();
      const server = await startScratchServer({ dataDir, port: await freePort(), databaseUrl, redisUrl: redisServer?.url, signal });
      opened.add(() => server.stop());
      return server;
    },
    remove: () => opened.closeAll(),
  };
}

/** Of the version that the record was in, or another one; none where the record is in the embedded database. */
async function choosePrograms(config: OperationsConfig, postgresVersion: string): Promise<PostgresPrograms | undefined> {
  if (config.DATABASE_URL === undefined) return undefined;
  const major = Number(/\d+/.exec(postgresVersion)?.[0]);
  return (await findPostgresPrograms(major, readSearchPath())) ?? (await findAnyPostgresPrograms(readSearchPath()));
}

function longestSentence(text: string): string | undefined {
  const sentences = text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter(({ length }) => length >= PASSAGE_CHARS.least && length <= PASSAGE_CHARS.most);
  return sentences.sort((a, b) => b.length - a.length)[0];
}

async function recoverNewest(config: OperationsConfig, { say, signal }: Pick<DrillServices, "say" | "signal">): Promise<PointInTime | undefined> {
  if ((await newestArchive(config, undefined)) === undefined) return undefined;
  const startedMs = clock.monotonic();
  const { cluster, base, lastTransactionAt, remove } = await recoverMoment(config, { toMs: undefined, say, signal });
  try {
    const database = createDatabase({ server: cluster.address, maxConnections: 1, timeoutMs: DATABASE_TIMEOUT_MS });
    const counts = await createRestoreTarget(database)
      .countRows([])
      .finally(() => database.close(DATABASE_TIMEOUT_MS));
    const rows = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return { base: base.name, lastTransactionAt, rows, seconds: (clock.monotonic() - startedMs) / MS };
  } finally {
    await remove();
  }
}

/** Nothing is behind where the server keeps no WAL for us; else as long as nothing has come. */
async function readArchiveLag(config: OperationsConfig): Promise<number | undefined> {
  const archive = await newestArchive(config, undefined);
  if (archive === undefined) return undefined;
  if (config.DATABASE_URL !== undefined) {
    const database = createDatabase({ server: { url: config.DATABASE_URL }, maxConnections: 1, timeoutMs: DATABASE_TIMEOUT_MS });
    const slot = await readSlot(database, SLOT)
      .catch(() => undefined)
      .finally(() => database.close(MS));
    if (slot?.isLost === false && slot.keptBytes === 0) return 0;
  }
  let newestMs = 0;
  for (const name of await readdir(archive.wal)) newestMs = Math.max(newestMs, (await stat(join(archive.wal, name))).mtimeMs);
  return newestMs === 0 ? undefined : Math.max(0, (clock.now() - newestMs) / MS);
}
