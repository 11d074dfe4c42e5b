/**
 * What more servers and workers bring, always as a ratio to one of them in the same run: requests a second of 1, 2 and 3 API replicas over one
 * PostgreSQL and one Redis, connections given to them in turn; an ingestion by the server itself, by one worker and by two; how soon a
 * replica finds what another one was given; and what noting a change costs. Everything runs on this machine, the stores and the clients too.
 *
 * Usage: node bench/replicas.ts [--rounds 3] [--seconds 4] [--connections 24] [--files 400]
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createChangeLog, noteChange } from "../packages/server/src/adapters/postgres/change-log.ts";
import { createStores } from "../packages/server/src/adapters/postgres/connection.ts";
import { createDatabase } from "../packages/server/src/adapters/postgres/database.ts";
import { migrate } from "../packages/server/src/adapters/postgres/migrate.ts";
import { startWorker } from "../packages/server/test-support/ingestion-workers.ts";
import { POSTGRES_KINDS } from "../packages/server/test-support/postgres-databases.ts";
import { startPostgresServer } from "../packages/server/test-support/postgres-server.ts";
import { startRedisServer } from "../packages/server/test-support/redis-server.ts";
import { type Replica, startReplica } from "../packages/server/test-support/replicas.ts";
import type { LoadOptions, LoadResult } from "./http-load.ts";
import { median } from "./ranking-metrics.ts";

const ROOT = resolve(import.meta.dirname, "..");
const MOST_REPLICAS = 3;
const UPLOADS = 30;
const WRITES = 300;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "24" },
    files: { type: "string", default: "400" },
  },
});
const [rounds, seconds, connections, files] = [values.rounds, values.seconds, values.connections, values.files].map(Number) as [
  number,
  number,
  number,
  number,
];

const QUESTION = "Why is the goat called Admiral?";
const WORKS: Readonly<Record<string, Pick<LoadOptions, "method" | "path" | "body" | "keepsSession">>> = {
  search: { method: "POST", path: "/search", body: { query: QUESTION, limit: 5 } },
  "chat, cached": { method: "POST", path: "/chat", body: { question: QUESTION } },
  "chat, cached, in sessions": { method: "POST", path: "/chat", body: { question: QUESTION }, keepsSession: true },
};

const scratch = mkdtempSync(join(tmpdir(), "rag-replicas-"));
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

async function load(port: number, apiKey: string, share: number, work: (typeof WORKS)[string]): Promise<LoadResult> {
  const options: LoadOptions = { port, headers: { "x-api-key": apiKey }, connections: share, seconds, ...work };
  const child = spawn(process.execPath, [join(ROOT, "bench/http-load.ts"), JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  await new Promise((done) => child.once("close", done));
  return JSON.parse(output);
}

/** Requests a second of the first so many replicas, and the slower of their 99th percentiles. */
async function measure(replicas: readonly Replica[], work: (typeof WORKS)[string]) {
  const results = await Promise.all(
    replicas.map(({ server, api }) => load(Number(new URL(server.address).port), api.apiKey, connections / replicas.length, work)),
  );
  const failures = results.reduce((sum, result) => sum + result.failures, 0);
  if (failures > 0) throw new Error(`${failures} requests failed`);
  return { perSecond: results.reduce((sum, result) => sum + result.perSecond, 0), p99Ms: Math.max(...results.map((result) => result.p99Ms)) };
}

async function measureReplicas(replicas: readonly Replica[]) {
  const figures: Record<string, unknown> = {};
  for (const [name, work] of Object.entries(WORKS)) {
    const runs: { readonly perSecond: number; readonly p99Ms: number }[][] = Array.from({ length: MOST_REPLICAS }, () => []);
    for (let at = 0; at < rounds; at += 1) {
      for (let count = 1; count <= MOST_REPLICAS; count += 1) runs[count - 1]?.push(await measure(replicas.slice(0, count), work));
    }
    const [one = 1] = runs.map((each) => median(each.map(({ perSecond }) => perSecond)));
    figures[name] = runs.map((each, at) => ({
      replicas: at + 1,
      perSecond: Math.round(median(each.map(({ perSecond }) => perSecond))),
      ratioToOne: round(median(each.map(({ perSecond }) => perSecond)) / one),
      p99Ms: round(median(each.map(({ p99Ms }) => p99Ms)), 1),
    }));
    console.log(name, figures[name]);
  }
  return figures;
}

/** Milliseconds from the end of the ingestion on one replica until the other one finds the document. */
async function measureFollowing([a, b]: readonly Replica[]) {
  if (a === undefined || b === undefined) throw new Error("two replicas are needed");
  const times: number[] = [];
  for (let number = 0; number < UPLOADS; number += 1) {
    const word = `quokka${number}zebu`;
    const { body } = await a.api.admin("POST", `/documents?path=follow/${number}.md`, { rawBody: `# Note\n\nThe ${word} came by ferry.` });
    const found = async (replica: Replica): Promise<boolean> =>
      (await replica.api.client("POST", "/search", { body: { query: word } })).body.hits.some(
        ({ path }: { path: string }) => path === `uploads/follow/${number}.md`,
      );
    while (!(await found(a))) await delay(1);
    const startedAt = performance.now();
    while (!(await found(b))) await delay(1);
    times.push(performance.now() - startedAt);
    await a.api.ended(body.jobId);
  }
  return { documents: UPLOADS, medianMs: round(median(times), 0), slowestMs: round(Math.max(...times), 0) };
}

async function measureIngestion(environment: Readonly<Record<string, string>>, docs: string) {
  const server = await startReplica(scratch, "ingesting", { ...environment, DOCS_DIR: docs });
  endings.push(() => server.server.stop());
  const text = (batch: number, number: number): string =>
    `# Note ${number}\n\n${Array.from({ length: 200 }, (_, line) => `Line ${line} of note ${number} in batch ${batch} tells of ropes, tar and the harbour. `).join("\n\n")}`;
  const times: number[][] = [[], [], []];
  for (let batch = 0; batch < rounds; batch += 1) {
    for (let count = 0; count < times.length; count += 1) {
      const workers = await Promise.all(Array.from({ length: count }, () => startWorker({ ...environment, DOCS_DIR: docs })));
      rmSync(docs, { recursive: true, force: true });
      mkdirSync(docs);
      await server.api.ingest();
      for (let number = 0; number < files; number += 1) writeFileSync(join(docs, `${number}.md`), text(batch * 10 + count, number));
      const startedAt = performance.now();
      const job = await server.api.ingest();
      if (job.counts.added !== files) throw new Error(`only ${job.counts.added} of ${files} files were added`);
      times[count]?.push(performance.now() - startedAt);
      for (const worker of workers) await worker.stop();
    }
  }
  await server.server.stop();
  const [inProcess = 1] = times.map(median);
  return {
    files,
    bytesOfAFile: text(0, 0).length,
    runs: times.map((each, workers) => ({ workers, seconds: round(median(each) / 1_000), timesAsFast: round(inProcess / median(each)) })),
  };
}

async function measureNoting() {
  const figures: Record<string, unknown> = {};
  for (const [name, start] of POSTGRES_KINDS) {
    const server = await start();
    const database = createDatabase({ server: server.address, maxConnections: 1, timeoutMs: 20_000 });
    await migrate(database);
    const { documents } = createStores(database);
    const changes = createChangeLog(database);
    const text = "The rope was tarred in spring. ".repeat(300);
    const chunks = (id: string) =>
      Array.from({ length: 10 }, (_, ordinal) => ({
        id: `${id}.${ordinal}`,
        documentId: id,
        ordinal,
        start: ordinal * 900,
        end: ordinal * 900 + 900,
        headingPath: [],
        text: "",
      }));
    const timed = async (work: (at: number) => Promise<unknown>): Promise<number> => {
      const startedAt = performance.now();
      for (let at = 0; at < WRITES; at += 1) await work(at);
      return (performance.now() - startedAt) / WRITES;
    };
    const store = (id: string) =>
      documents.replaceDocument(
        { id, path: id, title: id, format: "markdown", contentHash: "1", sourceHash: "1", sizeBytes: 1, updatedAtMs: 1, text },
        chunks(id),
      );
    await timed((at) => store(`warm-${at}`));
    const storeMs = await timed((at) => store(`doc-${at}`));
    const position = await changes.position();
    const [writingMs, notingMs] = [
      await timed(() => database.transaction((run) => run((sql) => sql`update index_change_counter set last = last`))),
      await timed(() => database.transaction((run) => noteChange(run, "doc"))),
    ];
    const pollMs = await timed(() => changes.changesSince({ ...position, number: position.number + WRITES }));
    figures[name] = {
      storeDocumentMs: round(storeMs),
      noteChangeAloneMs: round(notingMs),
      smallestWriteMs: round(writingMs),
      pollMs: round(pollMs),
    };
    await database.close(1_000);
    await server.stop();
  }
  return figures;
}

const endings: (() => Promise<unknown>)[] = [];
const [postgres, redis] = [await startPostgresServer(), await startRedisServer()];
try {
  const stores = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  const loadBefore = loadavg().map((value) => round(value, 1));
  const replicas: Replica[] = [];
  for (let number = 0; number < MOST_REPLICAS; number += 1) {
    const replica = await startReplica(scratch, `replica-${number}`, stores);
    endings.push(() => replica.server.stop());
    replicas.push(replica);
  }
  const requests = await measureReplicas(replicas);
  const following = await measureFollowing(replicas);
  for (const { server } of replicas) await server.stop();
  const docs = join(scratch, "docs");
  mkdirSync(docs);
  const ownDatabase = await startPostgresServer();
  endings.push(() => ownDatabase.remove());
  const ingestion = await measureIngestion({ DATABASE_URL: ownDatabase.url, REDIS_URL: redis.url }, docs);
  await ownDatabase.remove();
  const noting = await measureNoting();
  const result = {
    cores: availableParallelism(),
    loadBefore,
    loadAfter: loadavg().map((value) => round(value, 1)),
    rounds,
    seconds,
    connections,
    requests,
    following,
    ingestion,
    noting,
  };
  console.log(JSON.stringify(result, null, 2));
  writeFileSync(join(ROOT, "bench/results/replicas.json"), `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await Promise.all(endings.map((end) => end()));
  await Promise.all([postgres.remove(), redis.remove()]);
  rmSync(scratch, { recursive: true, force: true });
}
