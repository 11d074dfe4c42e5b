/** Sets taken from a real record, restored into both kinds of PostgreSQL, with sessions in a real Redis. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { backupFolder, backupServices } from "../../../test-support/backup-scene.ts";
import { POSTGRES_KINDS, type RunningPostgres } from "../../../test-support/postgres-databases.ts";
import { fillRecord, readWholeRecord, withClient } from "../../../test-support/record-scene.ts";
import { connectForTest, type TestedConnection, untilState } from "../../../test-support/redis-scene.ts";
import { type RedisServer, startRedisServer } from "../../../test-support/redis-server.ts";
import { createDatabase, type Database } from "../../adapters/postgres/database.ts";
import { createRestoreTarget } from "../../adapters/postgres/restore-target.ts";
import { createSessionSource } from "../../adapters/redis/session-dump.ts";
import { createSessionRestoration } from "../../adapters/redis/session-restoration.ts";
import { createRedisSessionStore } from "../../adapters/redis/session-store.ts";
import { clock, timers } from "../../composition/time.ts";
import { openSet } from "../backup-sets/open-set.ts";
import { takeBackup } from "../take-backup.ts";
import { finishRestore, freshGeneration, goBack, prepareRestore, type RestoreServices, settleInterrupted, switchToPrepared } from "./restore.ts";

const NOT_IN_USE = { evenIfInUse: false };

describe.each(POSTGRES_KINDS)("a set is restored into %s", (_, start) => {
  let postgres: RunningPostgres;
  let database: Database;
  let redisServer: RedisServer;
  let redis: TestedConnection;
  let backups: Awaited<ReturnType<typeof backupFolder>>;
  let services: RestoreServices;
  let name: string;
  let before: Awaited<ReturnType<typeof readWholeRecord>>;

  beforeAll(async () => {
    [postgres, redisServer, backups] = await Promise.all([start(), startRedisServer(), backupFolder()]);
    database = createDatabase({ server: postgres.address, maxConnections: 1, timeoutMs: 10_000, applicationName: "rag-personal-restore" });
    redis = connectForTest(redisServer.url, { commandTimeoutMs: 10_000 });
    await untilState(redis, "ready");
    services = {
      target: createRestoreTarget(database),
      sessions: createSessionRestoration(redis),
      openSet: (set) => openSet(backups.directory, set, { knownSchemaVersion: 99 }),
      clearCache: async () => undefined,
      now: Date.now,
      say: () => {},
    };
    await fillRecord(postgres.address);
    await saveSession("old", 3);
    const sessions = createSessionSource({ redis, clock, timers });
    const { manifest } = await takeBackup(await backupServices(postgres.address, { sessions }), { directory: backups.directory });
    name = manifest.name;
    before = await readWholeRecord(postgres.address);
  });

  afterAll(async () => {
    await database.close(0);
    await redis.close();
    await Promise.all([postgres.stop(), redisServer.remove(), backups.remove()]);
  });

  beforeEach(async () => {
    await finishRestore(services);
    // What happened after the backup.
    await withClient(postgres.address, async ({ sql }) => {
      await sql`delete from feedback`;
      await sql`insert into feedback values ('late', 'ada', 'up', null, null, null, 1)`;
    });
    await redis.write((driver) => driver.flushall());
    await saveSession("late", 1);
  });

  const saveSession = (id: string, version: number): Promise<unknown> =>
    redis.write((driver) =>
      driver
        .multi()
        .hset(`rag:session:data:${id}`, { principal: "ada", version, session: JSON.stringify(session(id, version)) })
        .zadd("rag:session:index:ada", version, id)
        .exec(),
    );

  const session = (id: string, version: number): object => ({ id, principal: "ada", version, turns: [], createdAtMs: 1, updatedAtMs: version });
  const sessions = async (): Promise<string[]> =>
    (await createRedisSessionStore({ redis }).list("ada", 10)).map(({ id, version }) => `${id} ${version}`);

  const feedback = (): Promise<string[]> =>
    withClient(postgres.address, async ({ sql }) => (await sql<{ id: string }>`select id from feedback order by id limit 2`).map(({ id }) => id));

  /** The generation of vectors has another number afterwards, and that alone. */
  const withoutNumbers = (record: typeof before): object => ({
    ...record,
    index_generations: record["index_generations"]?.map((row) => row.replace(/"number":\d+/, "")),
  });

  it("exactly as it was, sessions included, and what was in use waits", async () => {
    const prepared = await prepareRestore(services, name);
    expect(prepared).toMatchObject({ rows: prepared.manifest.tables.reduce((sum, { rows }) => sum + rows, 0), sessionKeys: 2 });
    expect([await feedback(), await sessions()]).toEqual([["late"], ["late 1"]]);

    await switchToPrepared(services, NOT_IN_USE);
    expect(withoutNumbers(await readWholeRecord(postgres.address))).toEqual(withoutNumbers(before));
    expect(await sessions()).toEqual(["old 3"]);
    await expect(prepareRestore(services, name)).rejects.toThrow(/--finish.*--back/);

    await finishRestore(services);
    expect(await services.target.restorations()).toEqual({ staged: undefined, previous: undefined });
    expect((await redis.read((driver) => driver.keys("*"))).sort()).toEqual(["rag:session:data:old", "rag:session:index:ada"]);
    expect(withoutNumbers(await readWholeRecord(postgres.address))).toEqual(withoutNumbers(before));
  });

  it("and taken back again", async () => {
    await prepareRestore(services, name);
    await switchToPrepared(services, NOT_IN_USE);
    await goBack(services, NOT_IN_USE);
    expect([await feedback(), await sessions()]).toEqual([["late"], ["late 1"]]);
    expect(await services.target.restorations()).toEqual({ staged: undefined, previous: undefined });
  });

  it("with sessions that follow the record after an interruption between the two", async () => {
    await prepareRestore(services, name);
    const cut = { ...services, sessions: { ...createSessionRestoration(redis), switchToStaged: () => Promise.reject(new Error("cut")) } };
    await expect(switchToPrepared(cut, NOT_IN_USE)).rejects.toThrow("cut");
    expect([await feedback(), await sessions()]).toEqual([["f0000001", "f0000002"], ["late 1"]]);
    expect(await settleInterrupted(services)).toMatchObject({ setName: name });
    expect(await sessions()).toEqual(["old 3"]);
    expect(await settleInterrupted(services)).toBeUndefined();
  });

  it("with sessions out of the set where Redis has lost them in between", async () => {
    await prepareRestore(services, name);
    const cut = { ...services, sessions: { ...createSessionRestoration(redis), switchToStaged: () => Promise.reject(new Error("cut")) } };
    await expect(switchToPrepared(cut, NOT_IN_USE)).rejects.toThrow("cut");
    await redis.write((driver) => driver.flushall());
    await switchToPrepared(services, NOT_IN_USE);
    expect(await sessions()).toEqual(["old 3"]);
  });

  it.each(["finishing", "going back"] as const)("and can be finished after an interruption while %s", async (state) => {
    await prepareRestore(services, name);
    await switchToPrepared(services, NOT_IN_USE);
    const cut = { ...services, target: { ...services.target, dropPrevious: () => Promise.reject(new Error("cut")) } };
    await expect(state === "finishing" ? finishRestore(cut) : goBack(cut, NOT_IN_USE)).rejects.toThrow("cut");
    expect(await services.target.restorations()).toMatchObject({ previous: { state } });
    await finishRestore(services);
    expect(await services.target.restorations()).toEqual({ staged: undefined, previous: undefined });
    expect(await sessions()).toEqual(state === "finishing" ? ["old 3"] : ["late 1"]);
  });

  it("not at all where its sessions are no longer prepared at the switch", async () => {
    await prepareRestore(services, name);
    await redis.write((driver) => driver.flushall());
    await expect(switchToPrepared(services, NOT_IN_USE)).rejects.toThrow(`--prepare ${name}`);
    expect(await feedback()).toEqual(["late"]);
  });

  it("not at all where a row reads differently than it did", async () => {
    const opened = await services.openSet(name);
    const [first] = opened.manifest.tables;
    const tables = opened.manifest.tables.map((table) => (table === first ? { ...table, sha256: "0".repeat(64) } : table));
    const other = { ...opened, manifest: { ...opened.manifest, tables } };
    await expect(services.target.stage(other, { hasSessions: false, freshGeneration: 1 })).rejects.toThrow("reads differently");
    await opened.close();
    expect(await services.target.restorations()).toEqual({ staged: undefined, previous: undefined });
  });

  it("without touching what is in use when it is refused", async () => {
    await expect(prepareRestore(services, "2020-01-01T00-00-00Z")).rejects.toMatchObject({ name: "UnusableSet" });
    expect([await feedback(), await sessions()]).toEqual([["late"], ["late 1"]]);
  });
});

it("numbers generations ahead of whatever a vector store may have", () => {
  expect(freshGeneration(Date.UTC(2026, 0, 1))).toBe(3_156_480);
  expect(freshGeneration(Date.UTC(4026, 0, 1))).toBeLessThan(2 ** 31);
});
