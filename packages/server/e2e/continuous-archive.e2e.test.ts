/** The continuous archive as an operator uses it: the service that receives it, a moment brought back, a drill, and databases that are lost. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectApi } from "../test-support/api.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { type RagResult, type RunningRag, runRag, startRag } from "../test-support/rag-command.ts";
import { withClient } from "../test-support/record-scene.ts";
import { until } from "../test-support/redis-scene.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const QUESTION = "Which colour has the lighthouse of Norderney?";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: PostgresServer;
let settings: Readonly<Record<string, string>> & { readonly DATA_DIR: string; readonly DOCS_DIR: string };
let service: RunningRag;
let server: RunningServer;

beforeAll(async () => {
  folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "lighthouse.md"), "# Norderney\n\nThe lighthouse of Norderney is red and was built in 1874.\n");
  await installDatabase("first");
  server = await startServer(settings);
  await archive();
});

afterAll(async () => {
  await endService();
  await server?.stop();
  await postgres?.remove();
  await folder.remove();
});

/** A new, empty database with the bound that continuous archiving demands, and a new data directory, so that nothing is remembered there. */
async function installDatabase(name: string): Promise<void> {
  postgres = await startPostgresServer();
  settings = {
    DATA_DIR: join(folder.path, name),
    BACKUP_DIR: join(folder.path, "backups"),
    DOCS_DIR: join(folder.path, "docs"),
    DATABASE_URL: postgres.url,
    BACKUP_CONTINUOUS: "1",
    DRILL_EVERY_HOURS: "0",
    HOME: folder.path,
  };
  await withClient({ url: postgres.url }, async ({ sql }) => {
    await sql.unsafe("alter system set max_slot_wal_keep_size = '4GB'");
    await sql.unsafe("select pg_reload_conf()");
  });
}

/** The database and its disk are gone, in the middle of whatever is done. @returns its `pg_wal`, which was on another one. */
async function loseDatabase(): Promise<string> {
  await postgres.kill();
  const wal = join(folder.path, "old-wal");
  await cp(join(postgres.dataFolder, "pg_wal"), wal, { recursive: true });
  await endService();
  await server.stop();
  await postgres.remove();
  return wal;
}

/** Resolves when moments can be recovered to from now on. */
async function archive(): Promise<void> {
  service = startRag(["backup-service"], settings);
  await service.said("base backup 2");
}

async function endService(): Promise<void> {
  service?.process.kill("SIGTERM");
  await service?.result;
}

const rag = (...args: string[]): Promise<RagResult> => runRag(args, settings);

async function judge(rating: "up" | "down", times: number): Promise<void> {
  const { client } = await connectApi(server);
  for (let time = 0; time < times; time += 1) expect((await client("POST", "/feedback", { body: { rating } })).status).toBe(201);
}

const feedback = async (): Promise<unknown> => (await (await connectApi(server)).admin("GET", "/admin/stats")).body.feedback;

const ask = async (): Promise<string> => (await (await connectApi(server)).client("POST", "/chat", { body: { question: QUESTION } })).body.answer;

/** A moment in which nothing happens: it is told in whole milliseconds, in which something could happen before and after it. */
async function quietMoment(): Promise<string> {
  const moment = Date.now() + 1;
  await until(() => Date.now() > moment + 1, "the clock stands still");
  return new Date(moment).toISOString();
}

it("brings back the record of a moment and exactly that, and returns to what is newer", async () => {
  await judge("up", 3);
  const moment = await quietMoment();
  await judge("down", 2);
  await server.stop();

  const restored = await rag("restore", "--to", moment, "--json");
  expect(restored.exitCode, restored.stderr).toBe(0);
  expect(JSON.parse(restored.stdout)).toMatchObject({ state: "switched" });
  server = await startServer(settings);
  expect(await feedback()).toEqual({ up: 3, down: 0 });
  expect(await ask()).toContain("red");
  await server.stop();

  expect(await rag("restore", "--back")).toMatchObject({ exitCode: 0 });
  server = await startServer(settings);
  expect(await feedback()).toEqual({ up: 3, down: 2 });
});

it("drills the archive too, beside the server and the service, and finds that nothing would be lost", async () => {
  await judge("down", 1);
  const drilled = await rag("drill", "--json");
  expect(drilled.exitCode, drilled.stderr).toBe(0);
  const report = JSON.parse(drilled.stdout);
  const { rows, rtoSeconds, rpoSeconds, pointInTime } = report;
  expect(report).toMatchObject({ differences: [], question: expect.stringContaining("lighthouse of Norderney") });
  // What the set has not got: it was made of the moment above.
  expect(pointInTime.rows).toBeGreaterThan(rows);
  expect(Date.parse(pointInTime.lastTransactionAt)).toBeGreaterThan(Date.parse(momentOfSet(report.set)));
  // Of the archive: the set is older, by the starts of a server and of this command at least.
  expect(rpoSeconds).toBeLessThan(1);
  expect(rtoSeconds).toBeGreaterThan(0);
  expect(JSON.parse(await readFile(join(settings.DATA_DIR, "operations.json"), "utf8"))).toMatchObject({ rtoSeconds, rpoSeconds });
});

const momentOfSet = (name: string): string => name.replace(/T(\d\d)-(\d\d)-/, "T$1:$2:");

it("brings back all of it on a new database when the one in use is lost", async () => {
  await loseDatabase();
  await installDatabase("second");
  const restored = await rag("restore", "--latest", "--json");
  expect(restored.exitCode, restored.stderr).toBe(0);
  server = await startServer(settings);
  expect(await feedback()).toEqual({ up: 3, down: 3 });
  expect(await ask()).toContain("red");
});

it("loses nothing that was acknowledged while nobody archived, with the pg_wal that the database kept for the archive", async () => {
  await archive();
  await judge("up", 1);
  await endService();
  await judge("up", 20);
  const wal = await loseDatabase();
  await installDatabase("third");
  const restored = await rag("restore", "--latest", "--wal-from", wal, "--json");
  expect(restored.exitCode, restored.stderr).toBe(0);
  server = await startServer(settings);
  expect(await feedback()).toEqual({ up: 24, down: 3 });
});
