/** Continuous archiving of a real PostgreSQL, and the recovery from it. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "../../../test-support/postgres-server.ts";
import { until } from "../../../test-support/redis-scene.ts";
import { timers } from "../../composition/time.ts";
import { createDatabase, type Database } from "../postgres/database.ts";
import { createSlot, dropSlot, type ReplicationFacts, readReplicationFacts, readSlot } from "../postgres/replication.ts";
import { type ArchiveFolder, listBaseBackups, openArchiveFolder, pruneArchive } from "./archive-folder.ts";
import { takeBaseBackup } from "./base-backup.ts";
import { connectionArguments, findPostgresPrograms, type PostgresPrograms } from "./programs.ts";
import { recover, restoreCommand } from "./recover.ts";
import { postgresOwner } from "./run-as.ts";
import { SLOT, startWalReceiver, type WalReceiver } from "./wal-receiver.ts";

const PATH = process.env["PATH"] ?? "";
let server: PostgresServer;
let database: Database;
let facts: ReplicationFacts;
let programs: PostgresPrograms;
let folder: string;
let archive: ArchiveFolder;
let receiver: WalReceiver;

beforeAll(async () => {
  server = await startPostgresServer();
  database = createDatabase({ server: { url: server.url }, maxConnections: 2, timeoutMs: 10_000 });
  folder = await mkdtemp(join(tmpdir(), "rag-archive-"));
});

afterAll(async () => {
  await receiver?.stop();
  await database.close(0);
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

const receive = (): WalReceiver =>
  startWalReceiver({
    archive,
    programs,
    connection: connectionArguments(server.url),
    timers,
    now: Date.now,
    log: () => {},
    async prepareSlot() {
      const slot = await readSlot(database, SLOT);
      if (slot?.isLost === false) return { hasGap: false };
      if (slot !== undefined) await dropSlot(database, SLOT);
      await createSlot(database, SLOT);
      return { hasGap: (await readdir(archive.wal)).length > 0 };
    },
    onGap: () => {},
  });

const note = (text: string): Promise<unknown> => database.query((sql) => sql`insert into notes (text) values (${text})`);

async function recovered(toMs?: number, walFrom?: string): Promise<{ notes: string[]; endedEarly: boolean; lastTransactionAt: string | undefined }> {
  const { cluster, endedEarly, lastTransactionAt, remove } = await recover({
    archive,
    toMs,
    walFrom,
    findPrograms: (major) => findPostgresPrograms(major, PATH),
    owner: postgresOwner(),
    scratchFolder: tmpdir(),
    user: "postgres",
    database: "postgres",
    timeoutMs: 60_000,
    say: () => {},
  });
  const scratch = createDatabase({ server: cluster.address, maxConnections: 1, timeoutMs: 10_000 });
  const rows = await scratch.query((sql) => sql<{ text: string }>`select text from notes order by id`);
  await scratch.close(0);
  await remove();
  return { notes: rows.map(({ text }) => text), endedEarly, lastTransactionAt };
}

it("is refused where a slot could fill the database's disk", async () => {
  await expect(readReplicationFacts(database)).rejects.toThrow(/max_slot_wal_keep_size.*4GB/);
  await database.query((sql) => sql`alter system set max_slot_wal_keep_size = '1GB'`);
  await database.query((sql) => sql`select pg_reload_conf()`);
  await until(
    () =>
      readReplicationFacts(database).then(
        () => true,
        () => false,
      ),
    "the setting is not in force",
  );
  facts = await readReplicationFacts(database);
  const found = await findPostgresPrograms(facts.major, PATH);
  if (found === undefined) throw new Error("no programs");
  programs = found;
  archive = await openArchiveFolder(folder, facts.systemIdentifier);
});

it("recovers what a base backup holds, and every moment after it", async () => {
  await database.query((sql) => sql`create table notes (id integer generated always as identity, text text)`);
  await note("before the base backup");
  receiver = receive();
  await until(() => receiver.status().isReceiving, "nothing is received");
  const base = await takeBaseBackup({
    archive,
    programs,
    connection: connectionArguments(server.url),
    segmentBytes: facts.segmentBytes,
    now: Date.now,
  });
  expect(base).toMatchObject({ postgresMajor: facts.major });
  await note("after it");
  const moment = await database.query((sql) => sql<{ now: Date }>`select clock_timestamp() as now`);
  await note("later");
  await note("last");
  await until(async () => ((await readSlot(database, SLOT))?.keptBytes ?? 1) === 0, "not all was received");

  expect(await recovered(moment[0]?.now.getTime())).toMatchObject({ notes: ["before the base backup", "after it"], endedEarly: false });
  const latest = await recovered();
  expect(latest.notes).toEqual(["before the base backup", "after it", "later", "last"]);
  expect(Date.parse(latest.lastTransactionAt ?? "")).toBeGreaterThan(moment[0]?.now.getTime() ?? 0);
});

it("goes as far as the WAL goes where that ends before the moment, and says so", async () => {
  expect(await recovered(Date.now() + 3_600_000)).toMatchObject({ endedEarly: true, notes: expect.arrayContaining(["last"]) });
});

it("refuses a moment before the oldest base backup", async () => {
  await expect(recovered(Date.parse("2020-01-01T00:00:00Z"))).rejects.toThrow("The oldest base backup ended at");
});

it("receives on after the database was killed", async () => {
  await server.kill();
  await until(() => !receiver.status().isReceiving, "the receiver lives on");
  await server.restart();
  await until(() => receiver.status().isReceiving, "nothing is received");
  await note("after the kill");
  await until(async () => ((await readSlot(database, SLOT))?.keptBytes ?? 1) === 0, "not all was received");
  expect((await recovered()).notes).toContain("after the kill");
});

it("finds in a pg_wal that was kept what was never received", async () => {
  await receiver.stop();
  await note("never received");
  await server.kill();
  const wal = join(folder, "kept");
  await cp(join(server.dataFolder, "pg_wal"), wal, { recursive: true });
  expect((await recovered()).notes).not.toContain("never received");
  expect((await recovered(undefined, wal)).notes).toContain("never received");
  await server.restart();
});

it("keeps the WAL that the oldest base backup left needs, and removes what is older", async () => {
  receiver = receive();
  await until(() => receiver.status().isReceiving, "nothing is received");
  for (let segment = 0; segment < 3; segment += 1) {
    await note(`segment ${segment}`);
    await database.query((sql) => sql`select pg_switch_wal()`);
  }
  const options = { archive, programs, connection: connectionArguments(server.url), segmentBytes: facts.segmentBytes };
  await takeBaseBackup({ ...options, now: () => Date.now() + 1_000 });
  await note("after the second base backup");
  await until(async () => ((await readSlot(database, SLOT))?.keptBytes ?? 1) === 0, "not all was received");
  const before = (await readdir(archive.wal)).length;

  expect(await pruneArchive(archive, { keep: 2, olderThanMs: Date.now() + 3_600_000 })).toMatchObject({ bases: 0 });
  expect(await listBaseBackups(archive)).toHaveLength(2);
  const { bases, segments } = await pruneArchive(archive, { keep: 1, olderThanMs: Date.now() + 3_600_000 });
  expect(bases).toBe(1);
  expect(segments).toBeGreaterThan(0);
  expect((await readdir(archive.wal)).length).toBeLessThan(before);
  expect((await recovered()).notes).toContain("after the second base backup");
});

it("begins anew, apart from what it had, when the database threw away what comes next", async () => {
  await receiver.stop();
  await dropSlot(database, SLOT);
  receiver = receive();
  await until(() => receiver.status().isReceiving, "nothing is received");
  expect((await readdir(archive.path)).filter((name) => name.startsWith("wal.until-"))).toHaveLength(1);
});

it("hands the shell no word of a folder's name", () => {
  expect(restoreCommand(["/a'; rm -rf /; %x"])).toBe(
    `for file in '/a'\\''; rm -rf /; %%x/%f' '/a'\\''; rm -rf /; %%x/%f.partial'; do if test -f "$file"; then exec cp "$file" "%p"; fi; done; exit 1`,
  );
});
