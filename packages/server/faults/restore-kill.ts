/**
 * F22: `rag restore`, `--finish` and `--back` are killed with -9 at a random moment. What is in use must be the old record with its sessions, or
 * the new one with its own, and the next command must work and leave nothing behind.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PREVIOUS, STAGING } from "../src/adapters/postgres/record-schemas.ts";
import { createSessionSource } from "../src/adapters/redis/session-dump.ts";
import { clock, timers } from "../src/composition/time.ts";
import { takeBackup } from "../src/operations/take-backup.ts";
import { backupServices } from "../test-support/backup-scene.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { runRag, startRag } from "../test-support/rag-command.ts";
import { fillRecord, withClient } from "../test-support/record-scene.ts";
import { connectForTest, untilState } from "../test-support/redis-scene.ts";
import { startRedisServer } from "../test-support/redis-server.ts";
import { createFindings } from "./findings.ts";
import type { RowOptions, RowResult } from "./row.ts";

const FEEDBACK = 5_000;
const SESSIONS = 500;
const GONE_WITHIN_MS = 10_000;
const POLL_MS = 10;
const OLD = "old";
const NEW = "new";

type Step = "restore" | "finish" | "back";

export async function killRestore({ injections, random, cleanUp, say }: RowOptions): Promise<RowResult> {
  const { violate, violations } = createFindings();
  const scene = await openScene(cleanUp);
  const counts: Record<string, number> = {};
  const healMs: number[] = [];
  const usualMs = await scene.measure();
  for (let injection = 0; injection < injections; injection += 1) {
    const step: Step = (["restore", "restore", "restore", "finish", "back"] as const)[injection % 5] ?? "restore";
    await scene.reset();
    if (step !== "restore") await scene.succeed("restore", scene.set);
    const before = step === "restore" ? OLD : NEW;
    const after = step === "back" ? OLD : NEW;
    const wasKilled = await scene.killWithin(step === "restore" ? [scene.set] : [`--${step}`], random() * usualMs[step]);
    const found = await scene.readRecord();
    if (found !== before && found !== after) violate("lost", `${step}: the record is ${found} after the kill`);
    const startedMs = performance.now();
    const next = await runRag(["restore", "--finish"], scene.environment);
    healMs.push(performance.now() - startedMs);
    if (next.exitCode !== 0) violate("not healed", `${step}: --finish ended with ${next.exitCode}: ${next.stderr}`);
    const [record, sessions, left] = [await scene.readRecord(), await scene.readSessions(), await scene.readLeftovers()];
    if (record !== found) violate("lost", `${step}: the record was ${found} after the kill, and is ${record} after --finish`);
    if (record !== sessions) violate("disagrees", `${step}: the record is ${record}, the sessions are ${sessions}`);
    if (left.length > 0) violate("not healed", `${step}: left behind: ${left.join(", ")}`);
    const outcome = `${step} ${wasKilled ? "killed" : "was quicker"}, ${record === after ? "done" : "not done"}`;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if ((injection + 1) % 10 === 0) say(`${injection + 1} of ${injections}, ${violations.length} violations`);
  }
  const remarks = Object.entries(counts).map(([outcome, count]) => `${outcome}: ${count}`);
  return { injections, requests: 0, violations, detectMs: [], healMs, remarks };
}

interface Scene {
  readonly environment: Readonly<Record<string, string>>;
  readonly set: string;
  /** Puts the old record and sessions into use. */
  reset(): Promise<void>;
  /** Milliseconds that each command takes when it is left alone. */
  measure(): Promise<Readonly<Record<Step, number>>>;
  succeed(...args: string[]): Promise<number>;
  /** @returns false when the command had ended before. */
  killWithin(args: readonly string[], ms: number): Promise<boolean>;
  /** `old`, `new`, or what it is a mix of. */
  readRecord(): Promise<string>;
  readSessions(): Promise<string>;
  readLeftovers(): Promise<readonly string[]>;
}

async function openScene(cleanUp: RowOptions["cleanUp"]): Promise<Scene> {
  const [postgres, redisServer, folder] = await Promise.all([
    startPostgresServer(),
    startRedisServer(),
    mkdtemp(join(tmpdir(), "rag-restore-kill-")),
  ]);
  cleanUp.add(() => Promise.all([postgres.remove(), redisServer.remove(), rm(folder, { recursive: true, force: true })]));
  const redis = connectForTest(redisServer.url, { commandTimeoutMs: 10_000 });
  cleanUp.add(() => redis.close());
  await untilState(redis, "ready");
  const address = { url: postgres.url };
  const directory = join(folder, "backups");
  const environment = { DATA_DIR: join(folder, "data"), BACKUP_DIR: directory, DATABASE_URL: postgres.url, REDIS_URL: redisServer.url };

  const writeRecord = (value: string): Promise<void> =>
    withClient(address, async ({ sql }) => {
      await sql.unsafe("begin");
      await sql.unsafe("update documents set title = $1", [value]);
      await sql.unsafe("update feedback set comment = $1", [value]);
      await sql.unsafe("update users set email = $1", [value]);
      await sql.unsafe("commit");
    });
  const writeSessions = async (value: string): Promise<void> => {
    await redis.write((driver) => driver.flushall());
    await redis.write(async (driver) => {
      const pipeline = driver.pipeline();
      for (let at = 0; at < SESSIONS; at += 1) pipeline.hset(`rag:session:data:${value}${at}`, { principal: "ada", version: 1, session: value });
      await pipeline.exec();
    });
  };
  /** A connection that was lost in the middle of a commit may still carry it out. */
  const untilGone = (): Promise<void> =>
    withClient(address, async ({ sql }) => {
      const until = performance.now() + GONE_WITHIN_MS;
      while (performance.now() < until) {
        const rows = await sql.unsafe("select 1 from pg_stat_activity where application_name = 'rag-personal-restore'");
        if (rows.length === 0) return;
        await delay(POLL_MS);
      }
      throw new Error("the killed command is still connected");
    });

  await fillRecord(address, { feedback: FEEDBACK });
  await writeRecord(NEW);
  await writeSessions(NEW);
  const sessions = createSessionSource({ redis, clock, timers });
  const { manifest } = await takeBackup(await backupServices(address, { sessions }), { directory });

  async function succeed(...args: string[]): Promise<number> {
    const startedMs = performance.now();
    const { exitCode, stderr } = await runRag(args, environment);
    if (exitCode !== 0) throw new Error(`rag ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return performance.now() - startedMs;
  }
  async function reset(): Promise<void> {
    await writeRecord(OLD);
    await writeSessions(OLD);
  }
  return {
    environment,
    set: manifest.name,
    reset,
    succeed,
    async measure() {
      const restore = await succeed("restore", manifest.name);
      const finish = await succeed("restore", "--finish");
      await succeed("restore", manifest.name);
      return { restore, finish, back: await succeed("restore", "--back") };
    },
    async killWithin(args, ms) {
      const running = startRag(["restore", ...args], environment, "");
      await delay(ms);
      running.process.kill("SIGKILL");
      const { exitCode } = await running.result;
      await untilGone();
      return exitCode === -1;
    },
    readRecord: () =>
      withClient(address, async ({ sql }) => {
        const rows = await sql.unsafe<{ value: string }[]>(
          "select title as value from documents union select comment from feedback union select email from users order by 1",
        );
        const [counted] = await sql.unsafe<{ count: number }[]>("select count(*)::integer as count from feedback");
        const values = rows.map(({ value }) => value).join(" and ");
        return counted?.count === FEEDBACK ? values : `${values}, with ${counted?.count} rows of feedback`;
      }),
    async readSessions() {
      const keys = await redis.read((driver) => driver.keys("rag:session:data:*"));
      const values = [...new Set(keys.map((key) => key.slice("rag:session:data:".length).replace(/\d+$/, "")))].sort().join(" and ");
      return keys.length === SESSIONS ? values : `${values}, ${keys.length} of them`;
    },
    async readLeftovers() {
      const keys = await redis.read((driver) => driver.keys("*"));
      const schemas = await withClient(address, ({ sql }) =>
        sql.unsafe<{ name: string }[]>(`select nspname as name from pg_namespace where nspname in ('${STAGING}', '${PREVIOUS}')`),
      );
      return [...keys.filter((key) => !key.startsWith("rag:session:")).slice(0, 5), ...schemas.map(({ name }) => name)];
    },
  };
}
