/**
 * Measures a restore with real PostgreSQL, Redis and Chroma: from the command until the server, started on what was restored, has answered a
 * question, and until its vectors are in step. Beside it, what a copy of Chroma's folder costs. Prints figures and writes them as JSON.
 *
 * Usage: node bench/restore-time.ts [--rounds N]
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createStores } from "../packages/server/src/adapters/postgres/connection.ts";
import { createDatabase } from "../packages/server/src/adapters/postgres/database.ts";
import { migrate } from "../packages/server/src/adapters/postgres/migrate.ts";
import { createSessionSource } from "../packages/server/src/adapters/redis/session-dump.ts";
import { clock, timers } from "../packages/server/src/composition/time.ts";
import { takeBackup } from "../packages/server/src/operations/take-backup.ts";
import { backupServices } from "../packages/server/test-support/backup-scene.ts";
import { startChromaServer } from "../packages/server/test-support/chroma-server.ts";
import { freePort } from "../packages/server/test-support/free-port.ts";
import { startPostgresServer } from "../packages/server/test-support/postgres-server.ts";
import { runRag } from "../packages/server/test-support/rag-command.ts";
import { connectForTest, untilState } from "../packages/server/test-support/redis-scene.ts";
import { startRedisServer } from "../packages/server/test-support/redis-server.ts";
import { launchServer, type RunningServer } from "../packages/server/test-support/running-server.ts";
import { median } from "./ranking-metrics.ts";

const RESULTS = resolve(import.meta.dirname, "results/restore-time.json");
const FEEDBACK = 100_000;
const DOCUMENTS = 500;
const CHUNKS_OF_DOCUMENT = 20;
const SESSIONS = 10_000;
const DIMENSIONS = 384;
const PATIENCE_MS = 600_000;
const POLL_MS = 20;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const say = (message: string): void => void process.stderr.write(`${message}\n`);
const seconds = (sinceMs: number): number => Math.round(performance.now() - sinceMs) / 1_000;

const WORDS = "river stone lantern harbour meadow copper engine letter garden winter bridge compass orchard signal ribbon valley anchor candle".split(
  " ",
);
const word = (at: number): string => WORDS[(at * 7 + Math.floor(at / WORDS.length)) % WORDS.length] ?? "";

const folder = mkdtempSync(join(tmpdir(), "rag-restore-time-"));
const [postgres, redisServer, chroma] = await Promise.all([startPostgresServer(), startRedisServer(), startChromaServer()]);
const redis = connectForTest(redisServer.url, { commandTimeoutMs: 60_000 });
const environment = {
  DATA_DIR: join(folder, "data"),
  BACKUP_DIR: join(folder, "backups"),
  // Not there: the documents are the record's, and no folder is read again.
  DOCS_DIR: join(folder, "no-documents"),
  DATABASE_URL: postgres.url,
  REDIS_URL: redisServer.url,
  CHROMA_URL: chroma.url,
  CHROMA_TIMEOUT_MS: "20000",
};

try {
  await untilState(redis, "ready");
  say("filling the record");
  await fill();
  const sessions = createSessionSource({ redis, clock, timers });
  const backup = await takeBackup(await backupServices({ url: postgres.url }, { sessions }), { directory: environment.BACKUP_DIR });
  say(`backup of ${(backup.sizeBytes / 1e6).toFixed(1)} MB in ${(backup.durationMs / 1_000).toFixed(1)} s`);
  const runs: Record<string, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await loseData();
    runs.push(await measure(backup.manifest.name));
    say(JSON.stringify(runs.at(-1)));
  }
  const chromaCopySeconds = await measureChromaCopy();
  const names = Object.keys(runs[0] ?? {});
  const result = {
    rows: backup.manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    feedback: FEEDBACK,
    chunks: DOCUMENTS * CHUNKS_OF_DOCUMENT,
    sessions: SESSIONS,
    dimensions: DIMENSIONS,
    backup: { sizeBytes: backup.sizeBytes, seconds: backup.durationMs / 1_000 },
    median: Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] ?? 0))])),
    runs,
    chromaCopySeconds,
    loadAverage: loadavg()[0],
    node: process.version,
  };
  mkdirSync(join(RESULTS, ".."), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await redis.close();
  await Promise.all([postgres.remove(), redisServer.remove(), chroma.remove()]);
  rmSync(folder, { recursive: true, force: true });
}

async function fill(): Promise<void> {
  const database = createDatabase({ server: { url: postgres.url }, maxConnections: 4, timeoutMs: 120_000 });
  await migrate(database);
  const { documents } = createStores(database);
  for (let at = 0; at < DOCUMENTS; at += 1) await documents.replaceDocument(...makeDocument(at));
  await database.query(
    (sql) => sql`insert into feedback select 'f' || i, 'ada', 'up', null, null, 'comment ' || i, i from generate_series(1, ${FEEDBACK}::integer) i`,
  );
  await database.query(
    (sql) => sql`
      insert into embeddings
      select 'a-model', md5(i::text), decode(repeat(md5(i::text), ${(DIMENSIONS * 4) / 16}::integer), 'hex') from generate_series(1, 10000) i
    `,
  );
  await database.close(1_000);
  const turn = {
    question: "q".repeat(60),
    standaloneQuestion: "q".repeat(60),
    answer: "a".repeat(300),
    answerable: true,
    citedTitles: ["t"],
    atMs: 1,
  };
  for (let at = 0; at < SESSIONS; at += 500) {
    await redis.write(async (driver) => {
      const pipeline = driver.pipeline();
      for (let id = at; id < at + 500; id += 1) {
        const session = JSON.stringify({ id: `s${id}`, principal: `p${id % 100}`, version: 2, turns: [turn, turn], createdAtMs: 1, updatedAtMs: id });
        pipeline.hset(`rag:session:data:s${id}`, { principal: `p${id % 100}`, version: 2, session });
        pipeline.pexpire(`rag:session:data:s${id}`, 86_400_000);
        pipeline.zadd(`rag:session:index:p${id % 100}`, id, `s${id}`);
      }
      await pipeline.exec();
    });
  }
}

type Stored = Parameters<ReturnType<typeof createStores>["documents"]["replaceDocument"]>;

function makeDocument(at: number): Stored {
  const id = `doc_${createHash("sha256").update(String(at)).digest("hex").slice(0, 24)}`;
  const parts = Array.from(
    { length: CHUNKS_OF_DOCUMENT },
    (_, part) =>
      `The keeper of station ${at}-${part} is called ${word(at)}${at} ${word(part + 3)}. ${Array.from({ length: 40 }, (__, place) => word(at * 31 + part * 17 + place * place)).join(" ")}.\n\n`,
  );
  const text = parts.join("");
  const contentHash = createHash("sha256").update(text).digest("hex");
  let start = 0;
  const chunks = parts.map((part, ordinal) => {
    const from = start;
    start += part.length;
    const chunkId = `${id}.${contentHash.slice(0, 8)}.${ordinal}`;
    return { id: chunkId, documentId: id, ordinal, start: from, end: start, headingPath: [`Station ${at}`], text: part };
  });
  const document = {
    id,
    path: `stations/${at}.md`,
    title: `Station ${at}`,
    format: "markdown" as const,
    contentHash,
    sourceHash: contentHash,
    sizeBytes: text.length,
    updatedAtMs: 1,
    text,
  };
  return [document, chunks];
}

/** A wrong deletion, of everything. */
async function loseData(): Promise<void> {
  const database = createDatabase({ server: { url: postgres.url }, maxConnections: 1, timeoutMs: 60_000, applicationName: "bench" });
  await database.query((sql) => sql`truncate feedback, documents cascade`);
  await database.close(1_000);
  await redis.write((driver) => driver.flushall());
}

async function measure(set: string): Promise<Record<string, number>> {
  const startedMs = performance.now();
  const restored = await runRag(["restore", set], environment);
  if (restored.exitCode !== 0) throw new Error(restored.stderr);
  const restoreSeconds = seconds(startedMs);
  const port = await freePort();
  const server = launchServer({ ...environment, PORT: String(port), NODE_ENV: "development" });
  await untilAnswered(server, port);
  const answeredSeconds = seconds(startedMs);
  await server.started;
  await untilInStep(server);
  const vectorsSeconds = seconds(startedMs);
  await server.stop();
  const finished = await runRag(["restore", "--finish"], environment);
  if (finished.exitCode !== 0) throw new Error(finished.stderr);
  return { restoreSeconds, answeredSeconds, vectorsSeconds };
}

async function untilAnswered(server: RunningServer, port: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    try {
      const { apiKey } = await server.secrets();
      const response = await fetch(`http://127.0.0.1:${port}/chat`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": apiKey },
        body: JSON.stringify({ question: "What is the keeper of station 7-3 called?" }),
      });
      const body = await response.json();
      if (response.ok && typeof body === "object" && body !== null && "answerable" in body && body.answerable === true) return;
    } catch {
      // It does not listen yet.
    }
    await delay(POLL_MS);
  }
  throw new Error(`no answer in time:\n${server.output()}`);
}

async function untilInStep(server: RunningServer): Promise<void> {
  const { apiKey } = await server.secrets();
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const response = await fetch(`${server.address}/health/detailed`, { headers: { "x-api-key": apiKey } });
    if (/made with .*, 0 of \d+ chunks missing/.test(await response.text())) return;
    await delay(POLL_MS * 5);
  }
  throw new Error("the vectors are not in step in time");
}

/** Chroma stopped, its folder copied, started again; and the copy put back in the same way. */
async function measureChromaCopy(): Promise<{ readonly out: number; readonly back: number }> {
  const copy = join(folder, "chroma");
  const timed = async (work: () => void): Promise<number> => {
    const startedMs = performance.now();
    await chroma.kill();
    work();
    await chroma.restart();
    return seconds(startedMs);
  };
  const out = await timed(() => cpSync(chroma.folder, copy, { recursive: true }));
  const back = await timed(() => {
    rmSync(chroma.folder, { recursive: true });
    cpSync(copy, chroma.folder, { recursive: true });
  });
  return { out, back };
}
