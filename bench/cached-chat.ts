/**
 * Requests a second and times of a cached answer over HTTP, beside a bare Hono and a bare `node:http` in the same run: each server on one
 * core, the clients on the other, all in turn, round by round. Prints figures and writes them as JSON.
 *
 * Usage: node bench/cached-chat.ts [--rounds 5] [--seconds 2] [--connections 64] [--only <names, by comma>]
 *        node bench/cached-chat.ts --beside-embeddings [--per-second 200]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPostgresServer } from "../packages/server/test-support/postgres-server.ts";
import { startRedisServer } from "../packages/server/test-support/redis-server.ts";
import type { LoadOptions, LoadResult } from "./http-load.ts";
import { median } from "./ranking-metrics.ts";

const ROOT = resolve(import.meta.dirname, "..");
const QUESTION = "Why is the goat called Admiral?";
const START_TIMEOUT_MS = 300_000;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const PACED_CONNECTIONS = 16;
/** A run of the busy model takes no longer. */
const MODEL_RUN_MS = 2_000;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
    only: { type: "string" },
    "beside-embeddings": { type: "boolean", default: false },
    "per-second": { type: "string", default: "200" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);

type Work = Pick<LoadOptions, "method" | "path" | "body" | "keepsSession">;

const CHAT: Work = { method: "POST", path: "/chat", body: { question: QUESTION } };
const IN_SESSION: Work = { ...CHAT, keepsSession: true };
const HEALTH: Work = { method: "GET", path: "/health" };
const SEARCH: Work = { method: "POST", path: "/search", body: { query: QUESTION, limit: 5 } };

/** A server under measurement. */
interface Target {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Processor time used so far by its process, all threads together, in microseconds. */
  cpuMicros(): number;
  /** Stops all its threads where they stand, and lets them go on. */
  pause(): void;
  resume(): void;
}

const scratch = mkdtempSync(join(tmpdir(), "rag-bench-"));
const endings: (() => Promise<void> | void)[] = [];

/** Of `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux. */
const MICROS_PER_TICK = 10_000;

/** The pid stays when `taskset` becomes the program. */
function cpuMicrosOf({ pid }: ChildProcess): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11) ?? [];
  return (Number(user) + Number(system)) * MICROS_PER_TICK;
}

const controlOf = (child: ChildProcess): Pick<Target, "cpuMicros" | "pause" | "resume"> => ({
  cpuMicros: () => cpuMicrosOf(child),
  pause: () => void child.kill("SIGSTOP"),
  resume: () => void child.kill("SIGCONT"),
});

/** Starts a program of Node, on one core if one is given. */
function run(core: number | undefined, args: readonly string[], environment: NodeJS.ProcessEnv, output: number | "pipe"): ChildProcess {
  const command = core === undefined ? [] : ["taskset", "--cpu-list", String(core)];
  const [program = "", ...rest] = [...command, process.execPath, ...args];
  const child = spawn(program, rest, {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["pipe", output, output === "pipe" ? "inherit" : output],
  });
  endings.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await gone;
  });
  return child;
}

async function until<T>(what: string, find: () => T | undefined): Promise<T> {
  for (const startedAt = performance.now(); performance.now() - startedAt < START_TIMEOUT_MS; await delay(50)) {
    const found = find();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not start within ${START_TIMEOUT_MS} ms`);
}

/** The server as its user starts it; its log goes to a file. */
async function startServer(name: string, environment: NodeJS.ProcessEnv, core?: number, nodeOptions: readonly string[] = []): Promise<Target> {
  const dataDir = join(scratch, name);
  const log = `${dataDir}.log`;
  const given = { NODE_ENV: "development", PORT: "0", DATA_DIR: dataDir, DOCS_DIR: join(ROOT, "examples", "documents"), ...environment };
  const child = run(core, [...nodeOptions, join(ROOT, "packages/server/src/main.ts")], given, openSync(log, "w"));
  const port = await until(name, () => {
    const output = readFileSync(log, "utf8");
    return output.includes("In use:") ? /is ready at http:\S+:(\d+)/.exec(output)?.[1] : undefined;
  });
  const { apiKey } = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8"));
  return { ...controlOf(child), port: Number(port), headers: { "x-api-key": apiKey } };
}

/** A bare server that answers with `answer`, sent the same headers as ours. */
async function startPeer(kind: string, answer: string, headers: Target["headers"]): Promise<Target> {
  const file = join(scratch, "answer.json");
  writeFileSync(file, answer);
  const child = run(SERVER_CORE, [join(ROOT, "bench/http-peers.ts"), kind, file], {}, "pipe");
  let output = "";
  child.stdout?.on("data", (data: Buffer) => {
    output += data.toString();
  });
  return { ...controlOf(child), port: await until(kind, () => (output.endsWith("\n") ? Number(output) : undefined)), headers };
}

/** What the clients saw, and what each request cost the server's process. */
type Measured = LoadResult & { readonly cpuMicros: number };

async function load(target: Target, work: Work, more: Partial<LoadOptions> & { readonly core?: number }): Promise<Measured> {
  const { port, headers } = target;
  const { core, ...given } = more;
  const options: LoadOptions = { port, headers, connections, seconds, ...work, ...given };
  const cpuBefore = target.cpuMicros();
  const child = run(core, [join(ROOT, "bench/http-load.ts"), JSON.stringify(options)], {}, "pipe");
  let output = "";
  child.stdout?.on("data", (data: Buffer) => {
    output += data.toString();
  });
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`the clients ended with code ${code}`);
  const result: LoadResult = JSON.parse(output);
  if (result.failures > 0) throw new Error(`${result.failures} of ${result.requests} requests to ${work.path} failed`);
  return { ...result, cpuMicros: Math.round((target.cpuMicros() - cpuBefore) / result.requests) };
}

/** The answer that every request of this run gets, after it has come into the cache. */
async function cachedAnswer({ port, headers }: Target): Promise<string> {
  const ask = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/chat`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ question: QUESTION }),
    });
    return await response.text();
  };
  await ask();
  const answer = await ask();
  if (JSON.parse(answer).answerable !== true) throw new Error(`no answer to measure with: ${answer}`);
  return answer;
}

const spread = (values: readonly number[]) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });
const rounded = (value: number): number => Number(value.toFixed(3));

async function compareThroughput() {
  const postgres = await startPostgresServer();
  endings.push(() => postgres.remove());
  const redis = await startRedisServer();
  endings.push(() => redis.remove());
  const embedded = await startServer("embedded", {}, SERVER_CORE);
  const overPostgres = await startServer("postgres", { DATABASE_URL: postgres.url }, SERVER_CORE);
  const overRedis = await startServer("redis", { REDIS_URL: redis.url }, SERVER_CORE);
  const answer = await cachedAnswer(embedded);
  for (const target of [overPostgres, overRedis]) await cachedAnswer(target);
  const targets = new Map<string, readonly [Target, Work]>([
    ["node:http", [await startPeer("node:http", answer, embedded.headers), CHAT]],
    ["Hono", [await startPeer("hono", answer, embedded.headers), CHAT]],
    ["GET /health", [embedded, HEALTH]],
    ["POST /search", [embedded, SEARCH]],
    ["chat, embedded, new sessions", [embedded, CHAT]],
    ["chat, embedded, one session each", [embedded, IN_SESSION]],
    ["chat, PostgreSQL, new sessions", [overPostgres, CHAT]],
    ["chat, PostgreSQL, one session each", [overPostgres, IN_SESSION]],
    ["chat, Redis, new sessions", [overRedis, CHAT]],
    ["chat, Redis, one session each", [overRedis, IN_SESSION]],
  ]);
  const chosen = [...targets].filter(
    ([name]) => values.only === undefined || name === "node:http" || values.only.split(",").some((part) => name.includes(part)),
  );
  const results = new Map<string, Measured[]>(chosen.map(([name]) => [name, []]));
  for (const [, [target, work]] of chosen) await load(target, work, { core: CLIENT_CORE, seconds: 1 });
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, [target, work]] of chosen) results.get(name)?.push(await load(target, work, { core: CLIENT_CORE }));
  }
  const bare = results.get("node:http") ?? [];
  const rows = [...results].map(([name, measured]) => ({
    name,
    perSecond: spread(measured.map(({ perSecond }) => perSecond)),
    ofNodeHttp: spread(measured.map(({ perSecond }, round) => rounded(perSecond / (bare[round]?.perSecond ?? 0)))),
    cpuMicros: median(measured.map(({ cpuMicros }) => cpuMicros)),
    cpuOfNodeHttp: spread(measured.map(({ cpuMicros }, round) => rounded((bare[round]?.cpuMicros ?? 0) / cpuMicros))),
    p50Ms: median(measured.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(measured.map(({ p99Ms }) => p99Ms)),
  }));
  const shown = ({ median, least, most }: ReturnType<typeof spread>): string => `${median.toFixed(3)} (${least.toFixed(3)}-${most.toFixed(3)})`;
  for (const { name, perSecond, ofNodeHttp, cpuMicros, cpuOfNodeHttp, p50Ms, p99Ms } of rows) {
    const cpu = `${cpuMicros} µs of processor each, ${shown(cpuOfNodeHttp)}`;
    console.log(`${name.padEnd(36)} ${perSecond.median} req/s, ${shown(ofNodeHttp)} · ${cpu} · p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  }
  return { node: process.version, rounds, seconds, connections, answerBytes: Buffer.byteLength(answer), rows };
}

/**
 * Times of a cached answer at a fixed rate while an embedding model of the server works without pause, beside the same without it, in turn.
 */
async function compareBesideEmbeddings() {
  const perSecond = Number(values["per-second"]);
  const quiet = await startServer("quiet", {});
  const busy = await startServer("busy", {}, undefined, ["--import", join(ROOT, "bench/busy-model.ts")]);
  const measured: Record<"quiet" | "busy", Measured[]> = { quiet: [], busy: [] };
  for (const target of [quiet, busy]) await cachedAnswer(target);
  const paced = { perSecond, connections: PACED_CONNECTIONS };
  for (let round = 0; round < rounds; round += 1) {
    // The model of the server that is not measured must not disturb the one that is: it ends the run in hand and is given no other.
    busy.pause();
    await delay(MODEL_RUN_MS);
    measured.quiet.push(await load(quiet, CHAT, paced));
    busy.resume();
    measured.busy.push(await load(busy, CHAT, paced));
  }
  const times = (results: readonly Measured[]) => ({
    p50Ms: spread(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: spread(results.map(({ p99Ms }) => p99Ms)),
  });
  const p99Ratio = spread(measured.busy.map(({ p99Ms }, round) => rounded(p99Ms / (measured.quiet[round]?.p99Ms ?? 0))));
  const result = {
    node: process.version,
    rounds,
    seconds,
    perSecond,
    without: times(measured.quiet),
    beside: times(measured.busy),
    p99Ratio,
  };
  console.log(JSON.stringify(result, null, 2));
  return result;
}

try {
  const name = values["beside-embeddings"] ? "cached-chat-beside-embeddings" : "cached-chat";
  const result = values["beside-embeddings"] ? await compareBesideEmbeddings() : await compareThroughput();
  mkdirSync(join(ROOT, "bench", "results"), { recursive: true });
  writeFileSync(join(ROOT, "bench", "results", `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
} finally {
  for (const end of endings.reverse()) await end();
  rmSync(scratch, { recursive: true, force: true });
}
