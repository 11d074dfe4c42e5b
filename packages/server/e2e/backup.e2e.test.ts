/** Backups as an operator takes them: with and without a server, by hand and by the clock. */
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../test-support/debian-program.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { runRag, startRag } from "../test-support/rag-command.ts";
import { fillRecord, withClient } from "../test-support/record-scene.ts";
import { until } from "../test-support/redis-scene.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());

const sets = (directory: string): string[] => readdirSync(directory).filter((name) => /^\d{4}-/.test(name));

describe("a backup of the embedded database", () => {
  it("is taken by the server while it runs, and by the command when it does not", async () => {
    const dataDir = join(folder.path, "embedded");
    const backups = join(folder.path, "embedded-backups");
    const server = await startServer({ DATA_DIR: dataDir, BACKUP_DIR: backups });
    const settings = { DATA_DIR: dataDir, BACKUP_DIR: backups, HOME: folder.path, RAG_URL: server.address };
    const asked = await runRag(["backup", "--json"], settings);
    expect(asked).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("The server takes the backup") });
    await server.stop();
    const taken = await runRag(["backup"], settings);
    expect(taken).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/MB, \d+ rows, in .* s\n.*read back row by row/) });
    expect(sets(backups)).toHaveLength(2);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      isOpened: true,
      problems: [],
      rows: expect.any(Number),
      path: join(backups, sets(backups)[0] ?? ""),
    });
    expect(JSON.parse(readFileSync(join(dataDir, "operations.json"), "utf8")).lastBackupAt).toMatch(/^\d{4}-.*Z$/);

    const listed = await runRag(["backups", "--verify"], settings);
    expect(listed).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/set +size +rows.*\n2.* whole\n2.* whole\n/) });
    writeFileSync(join(backups, sets(backups)[0] ?? "", "record.sql.gz"), "damaged");
    const damaged = await runRag(["backups", "--verify"], settings);
    expect(damaged).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("record.sql.gz of the backup set") });
  });

  it("is taken by the server without sessions when their Redis is away and that is asked for, and else refused with what to do", async () => {
    const redis = await startRedisServer();
    const dataDir = join(folder.path, "embedded-redis");
    const backups = join(folder.path, "embedded-redis-backups");
    const server = await startServer({ DATA_DIR: dataDir, BACKUP_DIR: backups, REDIS_URL: redis.url });
    await redis.remove();
    const settings = { DATA_DIR: dataDir, BACKUP_DIR: backups, HOME: folder.path, RAG_URL: server.address };

    const refused = await runRag(["backup"], settings);
    expect(refused).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("--without-sessions") });
    expect(sets(backups)).toEqual([]);
    const taken = await runRag(["backup", "--without-sessions", "--json"], settings);
    expect(taken, taken.stderr).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("The server takes the backup") });
    expect(JSON.parse(taken.stdout)).toMatchObject({ sessions: null, isOpened: true, problems: [] });

    expect(sets(backups)).toHaveLength(1);
    await server.stop();
  });

  it("fails where there is neither a database nor a server", async () => {
    const settings = { DATA_DIR: join(folder.path, "nothing"), HOME: folder.path, RAG_URL: "http://127.0.0.1:1", RAG_API_KEY: "none" };
    expect(await runRag(["backup"], settings)).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("No server answers") });
  });
});

describe("with PostgreSQL and Redis of their own", () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let settings: Record<string, string>;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()]);
    await fillRecord({ url: postgres.url });
    const client = new Redis(redis.url);
    await client.hset("rag:session:data:s1", { principal: "ada", version: "1", session: "{}" });
    await client.zadd("rag:session:index:ada", 1, "s1");
    await client.quit();
    settings = {
      DATA_DIR: join(folder.path, "data"),
      BACKUP_DIR: join(folder.path, "backups"),
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      HOME: folder.path,
      NODE_ENV: "production",
      DRILL_EVERY_HOURS: "0",
    };
    mkdirSync(join(folder.path, "data"));
  });
  afterAll(async () => {
    await postgres.remove();
    await redis.remove();
  });

  it("a backup needs no server and none of its secrets, and has the sessions", async () => {
    const taken = await runRag(["backup", "--json"], settings);
    expect(taken.exitCode, taken.stderr).toBe(0);
    expect(JSON.parse(taken.stdout)).toMatchObject({ sessions: 2, isOpened: true, problems: [] });
  });

  it("a backup fails when Redis is away, with what to do, and is taken without sessions when told", async () => {
    const away = { ...settings, REDIS_URL: "redis://127.0.0.1:1" };
    const before = sets(String(settings["BACKUP_DIR"]));
    const failed = await runRag(["backup"], away);
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("--without-sessions") });
    expect(sets(String(settings["BACKUP_DIR"]))).toEqual(before);
    const taken = await runRag(["backup", "--without-sessions", "--json"], away);
    expect(taken.exitCode, taken.stderr).toBe(0);
  });

  it("a backup whose copy fails ends as done in part", async () => {
    findProgram("rclone");
    const taken = await runRag(["backup"], { ...settings, BACKUP_REMOTE: "nowhere:backups" });
    expect(taken).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("The set on this machine is good") });
  });

  it("the service takes a backup at once when there is none, is well, and stops when it is asked to", async () => {
    const directory = join(folder.path, "service");
    const own = { ...settings, BACKUP_DIR: directory };
    expect((await runRag(["backup-service", "--health"], own)).exitCode).toBe(1);
    const service = startRag(["backup-service"], own);
    await service.said("entries of sessions");
    await until(async () => (await runRag(["backup-service", "--health"], own)).exitCode === 0, "not well");
    expect(sets(directory)).toHaveLength(1);
    const second = await runRag(["backup-service"], own);
    expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Another backup service") });
    const exited = once(service.process, "exit");
    service.process.kill("SIGTERM");
    await exited;
    expect(await service.result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("stopped") });
    rmSync(directory, { recursive: true });
  });

  it("the service archives the database continuously, beginning with a base backup", async () => {
    await withClient({ url: postgres.url }, async ({ sql }) => {
      await sql.unsafe("alter system set max_slot_wal_keep_size = '1GB'");
      await sql.unsafe("select pg_reload_conf()");
    });
    const own = { ...settings, BACKUP_DIR: join(folder.path, "continuous"), BACKUP_CONTINUOUS: "1", PATH: process.env["PATH"] ?? "" };
    const service = startRag(["backup-service"], own);
    await service.said("base backup 2");
    service.process.kill("SIGTERM");
    expect((await service.result).exitCode).toBe(0);
    await withClient({ url: postgres.url }, ({ sql }) => sql`select pg_drop_replication_slot('rag_backup')`);
    expect(readdirSync(join(folder.path, "continuous", "continuous"))).toHaveLength(1);
  });

  it("the service is not well when its backup fails, and says why", async () => {
    const own = { ...settings, BACKUP_DIR: join(folder.path, "ill"), DATABASE_URL: "postgres://postgres@127.0.0.1:1/none" };
    const service = startRag(["backup-service"], own);
    await service.said("backup failed");
    await until(
      async () => (await runRag(["backup-service", "--health"], own)).stdout.includes("backup failed: The database cannot be reached"),
      "its health says nothing",
    );
    service.process.kill("SIGTERM");
    expect((await service.result).exitCode).toBe(0);
  });
});
