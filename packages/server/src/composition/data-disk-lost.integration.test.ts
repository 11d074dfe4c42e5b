/** RPO 0: the database dies under load and its files are gone; base backup, received WAL and a pg_wal that was kept bring back all that was acknowledged. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "../../test-support/postgres-server.ts";
import { withClient } from "../../test-support/record-scene.ts";
import { until } from "../../test-support/redis-scene.ts";
import { createStores } from "../adapters/postgres/connection.ts";
import { createDatabase, type Database } from "../adapters/postgres/database.ts";
import { migrate } from "../adapters/postgres/migrate.ts";
import { readReplicationFacts } from "../adapters/postgres/replication.ts";
import { openArchiveFolder } from "../adapters/postgres-programs/archive-folder.ts";
import { takeBaseBackup } from "../adapters/postgres-programs/base-backup.ts";
import { connectionArguments, findPostgresPrograms } from "../adapters/postgres-programs/programs.ts";
import { readOperationsConfig, readSearchPath } from "../config.ts";
import { prepareRestore, switchToPrepared } from "../operations/restoring/restore.ts";
import { makeSetOfMoment } from "./point-in-time.ts";
import { openRestoring } from "./restoring.ts";
import { clock } from "./time.ts";

const WRITERS = 8;
const ROUNDS = 3;
const quiet = { say: () => {}, signal: new AbortController().signal };

let folder: string;
let server: PostgresServer;
let replacement: PostgresServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-disk-lost-"));
  server = await startPostgresServer();
});

afterEach(async () => {
  await server.remove();
  await replacement?.remove();
  replacement = undefined;
  await rm(folder, { recursive: true, force: true });
});

it(`loses no acknowledged feedback, ${ROUNDS} times`, { timeout: 180_000 }, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const acknowledged = await writeUntilItDies(100 + 200 * round);
    // The disk with the data is gone; the one with pg_wal is not.
    const wal = join(folder, `wal-${round}`);
    await cp(join(server.dataFolder, "pg_wal"), wal, { recursive: true });
    await server.remove();
    replacement = await startPostgresServer();
    const config = readOperationsConfig({ DATABASE_URL: replacement.url, BACKUP_DIR: join(folder, "backups"), DATA_DIR: join(folder, "data") });

    const { name } = await makeSetOfMoment(config, { toMs: undefined, walFrom: wal, ...quiet });
    const { services, close } = await openRestoring(config, quiet);
    await prepareRestore(services, name);
    await switchToPrepared(services, { evenIfInUse: false });
    await close();
    const stored = await withClient({ url: replacement.url }, ({ sql }) => sql<{ id: string }>`select id from feedback`);
    const ids = new Set(stored.map(({ id }) => id));
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    await withClient({ url: replacement.url }, ({ sql }) => sql`drop schema rag_previous cascade`);
    server = replacement;
    replacement = undefined;
  }
});

/** Nothing is received here: all that comes after the base backup is in `pg_wal` alone, which is the worst case. */
async function writeUntilItDies(afterWrites: number): Promise<readonly string[]> {
  const database = createDatabase({ server: { url: server.url }, maxConnections: WRITERS, timeoutMs: 5_000 });
  await migrate(database);
  await takeBase(database);
  const stores = createStores(database);
  const acknowledged: string[] = [];
  let isOver = false;
  const write = async (writer: number): Promise<void> => {
    for (let at = 0; !isOver; at += 1) {
      const id = `${writer} ${at} ${Math.random()}`;
      await stores.feedback.saveFeedback({ id, principal: "ada", rating: "up", atMs: Date.now() }).then(
        () => acknowledged.push(id),
        () => {
          isOver = true;
        },
      );
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer));
  await until(() => acknowledged.length >= afterWrites, "too few writes", 30_000);
  await server.kill();
  await Promise.all(writers);
  await database.close(0);
  return acknowledged;
}

async function takeBase(database: Database): Promise<void> {
  await database.query((sql) => sql`alter system set max_slot_wal_keep_size = '1GB'`);
  await database.query((sql) => sql`select pg_reload_conf()`);
  const read = () => readReplicationFacts(database).catch(() => undefined);
  await until(async () => (await read()) !== undefined, "the setting is not in force");
  const facts = await readReplicationFacts(database);
  const programs = await findPostgresPrograms(facts.major, readSearchPath());
  if (programs === undefined) throw new Error("no programs of this version");
  const archive = await openArchiveFolder(join(folder, "backups", "continuous"), facts.systemIdentifier);
  await takeBaseBackup({ archive, programs, connection: connectionArguments(server.url), segmentBytes: facts.segmentBytes, now: clock.now });
  expect(await readdir(archive.wal)).toEqual([]);
}
