/** F3: Redis answers, but not as it should: its memory is full, it is a replica, it wants a password, it loads its data, it was emptied. */
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { type Episodes, type Harm, joinEpisodes, runEpisodes } from "./episodes.ts";
import { createHttpClient } from "./http-client.ts";
import { isRedisBack, PROMISED_WITHOUT_REDIS, REDIS_TIMEOUT_MS, redisState } from "./redis-gauges.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";
import { type Scene, startScene } from "./scene.ts";

/** What a server shows of Redis in each of these cases, and how it is brought about. */
interface Refusal {
  readonly name: string;
  readonly state: string;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

/** Keys that only make the loading last: 600 at 3 ms each. */
const BALLAST_KEYS = 600;
const SLOW_LOADING = ["--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024"];

/** `injections` is how often each refusal happens. */
export async function refuseRedis(options: RowOptions): Promise<RowResult> {
  const redis = await startRedisServer();
  options.cleanUp.add(() => redis.remove());
  const operator = new Redis(redis.url, { retryStrategy: () => 100 });
  // While Redis is restarted.
  operator.on("error", () => undefined);
  options.cleanUp.add(async () => operator.disconnect());
  await fill(operator);
  const scene = await startScene({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) }, options);
  const episodes: Episodes[] = [];
  const refusals = listRefusals(redis, operator);
  for (const { name, state, begin, end } of refusals) {
    options.say(name);
    const harm: Harm = {
      begin: async () => void (await begin()),
      end: async () => void (await end()),
      isDetected: async () => (await scene.observer.metric(redisState(state))) === 1,
      isHealed: () => isRedisBack(scene.observer),
      lastsMs: { atLeast: 500, upTo: 1_500 },
    };
    const seen = await runEpisodes(harm, options);
    episodes.push({ ...seen, violations: seen.violations.map((violation) => ({ ...violation, detail: `${name}: ${violation.detail}` })) });
  }
  const result = await scene.finish({
    promised: PROMISED_WITHOUT_REDIS,
    episodes: joinEpisodes(episodes),
    remarks: [`each ${options.injections} times: ${refusals.map(({ name, state }) => `${name} (${state})`).join(", ")}; then FLUSHALL`],
  });
  return { ...result, violations: [...result.violations, ...(await flush(operator, scene))] };
}

/** Leaves a file whose loading takes a while. */
async function fill(operator: Redis): Promise<void> {
  const filled = operator.pipeline();
  for (let key = 0; key < BALLAST_KEYS; key += 1) filled.set(`ballast ${key}`, "x".repeat(100));
  await filled.exec();
}

async function untilPersistence(operator: Redis, wanted: RegExp): Promise<void> {
  while (!wanted.test(await operator.info("persistence").catch(() => ""))) await delay(10);
}

/** Only while it reads a rewritten file does Redis answer in between. */
async function rewrite(operator: Redis): Promise<void> {
  await operator.bgrewriteaof();
  await untilPersistence(operator, /aof_rewrite_in_progress:0[\s\S]*aof_rewrite_scheduled:0/);
}

function listRefusals(redis: RedisServer, operator: Redis): readonly Refusal[] {
  return [
    {
      name: "memory full",
      state: "unwritable",
      begin: () => operator.config("SET", "maxmemory", "1"),
      end: () => operator.config("SET", "maxmemory", "0"),
    },
    {
      name: "read-only replica",
      state: "unwritable",
      begin: () => operator.replicaof("127.0.0.1", 1),
      end: () => operator.replicaof("NO", "ONE"),
    },
    {
      name: "another password",
      state: "denied",
      async begin() {
        await operator.config("SET", "requirepass", "another");
        // Who is let in stays in: only new connections are asked.
        await operator.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      },
      end: () => operator.config("SET", "requirepass", ""),
    },
    {
      name: "loading",
      state: "loading",
      async begin() {
        await rewrite(operator);
        await redis.restart(SLOW_LOADING);
      },
      // It loads for as long as it takes; healing is timed from when it is done.
      async end() {
        await untilPersistence(operator, /^loading:0/m);
      },
    },
  ];
}

/** Emptied, it is in order: it has forgotten its sessions, says so to who goes on with one, and takes new ones. */
async function flush(operator: Redis, { server, observer }: Scene): Promise<readonly Violation[]> {
  const violations: Violation[] = [];
  const { apiKey } = await server.secrets();
  const client = createHttpClient(server.address, { "x-api-key": apiKey });
  const ask = async (wanted: number, sessionId?: string): Promise<string | undefined> => {
    const body = { question: "What is said about the lamp?", sessionId };
    const { status, text } = await client.send({ method: "POST", path: "/chat", body });
    if (status !== wanted) violations.push({ kind: "failed", detail: `around FLUSHALL: status ${status}, not ${wanted}: ${text.slice(0, 200)}` });
    return status === 200 ? String(JSON.parse(text).sessionId) : undefined;
  };
  const sessionId = await ask(200);
  await operator.flushall();
  await ask(404, sessionId);
  await ask(200);
  client.close();
  if (!(await isRedisBack(observer))) violations.push({ kind: "disagrees", detail: "after FLUSHALL Redis does not show as ready" });
  return violations;
}
