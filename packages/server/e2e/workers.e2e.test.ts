/** Ingestion spread over worker processes: whoever is killed or lost, every file is done, and told of once. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningWorker, startWorker } from "../test-support/ingestion-workers.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { runRag } from "../test-support/rag-command.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { type Replica, startReplica } from "../test-support/replicas.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";

const FILES = 400;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let docs: string;
let postgres: PostgresServer;
let redis: RedisServer;
let environment: Record<string, string>;
let server: Replica;
let batch = 0;

beforeAll(async () => {
  folder = await temporaryDirectory();
  docs = join(folder.path, "docs");
  await mkdir(docs);
  [postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()]);
  environment = { DOCS_DIR: docs, DATABASE_URL: postgres.url, REDIS_URL: redis.url, LOG_LEVEL: "debug" };
  server = await startReplica(folder.path, "server", environment);
});
afterAll(async () => {
  await server.server.stop();
  await Promise.all([postgres.remove(), redis.remove()]);
  await folder.remove();
});

/** Puts other files into the folder: all are new, and those of before are gone. */
async function renewFiles(): Promise<void> {
  batch += 1;
  await rm(docs, { recursive: true, force: true });
  await mkdir(docs);
  const text = (number: number): string =>
    `# Note ${number} of ${batch}\n\n${`The rope of note ${number} was tarred in spring ${batch}. `.repeat(40)}`;
  await Promise.all(Array.from({ length: FILES }, (_, number) => writeFile(join(docs, `${batch}-${number}.md`), text(number))));
}

const begin = async (): Promise<string> => (await server.api.admin("POST", "/ingest")).body.id;
const done = async (id: string): Promise<number> => (await server.api.admin("GET", `/ingest/${id}`)).body.files.length;
const doneBy = ({ output }: RunningWorker): number => output().split("ingested a file").length - 1;

/** The job tells of every file once, the index holds what the record holds, and that is every file. */
async function expectAllDone(id: string): Promise<void> {
  const job = await server.api.ended(id);
  expect(job).toMatchObject({ state: "succeeded", error: null, counts: { added: FILES, failed: 0 } });
  const added = job.files.filter(({ outcome }: { outcome: string }) => outcome === "added");
  expect(new Set(added.map(({ path }: { path: string }) => path)).size).toBe(FILES);
  expect((await server.api.admin("GET", "/admin/doctor")).body).toMatchObject({ record: { documents: FILES }, findings: [] });
}

describe("ingestion with workers", () => {
  it("is done by the server itself while there is none", async () => {
    await renewFiles();
    await expectAllDone(await begin());
    expect(server.server.output()).not.toContain("no worker");
  });

  it("is spread over those that there are, and searchable at the end of the job", async () => {
    const workers = await Promise.all([startWorker(environment), startWorker(environment)]);
    await renewFiles();
    await expectAllDone(await begin());
    const counts = workers.map(doneBy);
    expect(counts.reduce((sum, count) => sum + count)).toBe(FILES);
    for (const count of counts) expect(count).toBeGreaterThan(FILES / 10);
    const { body } = await server.api.client("POST", "/search", { body: { query: `rope of note 7 spring ${batch}` } });
    expect(body.hits[0].path).toMatch(new RegExp(`^${batch}-`));
    for (const worker of workers) expect(await worker.stop()).toBe(0);
  });

  it("loses nothing when a worker is killed in the middle of files, whether another one is left or not", async () => {
    for (const left of [1, 0]) {
      const [doomed, ...others] = await Promise.all(Array.from({ length: left + 1 }, () => startWorker(environment)));
      await renewFiles();
      const id = await begin();
      await expect.poll(() => done(id), { timeout: 20_000, interval: 5 }).toBeGreaterThan(FILES + 20);
      await doomed?.stop("SIGKILL");
      await expectAllDone(id);
      for (const worker of others) expect(await worker.stop()).toBe(0);
    }
  }, 90_000);

  it("loses nothing when Redis is killed in the middle, and the workers go on with jobs once they are connected again", async () => {
    const worker = await startWorker(environment);
    await renewFiles();
    const first = await begin();
    await expect.poll(() => done(first), { timeout: 20_000, interval: 5 }).toBeGreaterThan(FILES + 20);
    await redis.kill();
    await expectAllDone(first);
    await redis.restart();
    const before = doneBy(worker);
    // Until both sides are connected again, the server reads the files itself: nothing may be lost then either.
    const readAnew = async (): Promise<number> => {
      await renewFiles();
      await expectAllDone(await begin());
      return doneBy(worker);
    };
    await expect.poll(readAnew, { timeout: 30_000 }).toBeGreaterThan(before);
    expect(await worker.stop()).toBe(0);
  }, 90_000);

  it("tells at once, and without the addresses, what a worker lacks", async () => {
    const { exitCode, stderr } = await runRag(["worker"], { DATABASE_URL: postgres.url });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("REDIS_URL")]);
    expect(stderr).not.toContain(postgres.url);
  });
});
