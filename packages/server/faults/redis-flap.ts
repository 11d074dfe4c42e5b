/** F4: the connection to Redis comes and goes every 300 ms. */
import { setTimeout as delay } from "node:timers/promises";
import { startFaultProxy } from "../test-support/fault-proxy.ts";
import { startRedisServer } from "../test-support/redis-server.ts";
import { isRedisAway, isRedisBack, PROMISED_WITHOUT_REDIS, REDIS_TIMEOUT_MS } from "./redis-gauges.ts";
import { HEAL_WITHIN_MS, type RowOptions, type RowResult, type Violation } from "./row.ts";
import { startScene } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

const FLAP_EVERY_MS = 300;
const CALM_MS = 1_000;
/** More lines about one flapping connection would bury the rest of the log. */
const MS_PER_LINE = 5_000;
const GIVE_UP_AFTER_MS = 30_000;

/** `injections` is the number of turns between refusing and passing. */
export async function flapRedis(options: RowOptions): Promise<RowResult> {
  const { cleanUp, random, injections } = options;
  const redis = await startRedisServer();
  cleanUp.add(() => redis.remove());
  const proxy = await startFaultProxy({ target: { port: redis.port }, random });
  cleanUp.add(() => proxy.close());
  const scene = await startScene({ REDIS_URL: `redis://${proxy.host}:${proxy.port}`, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) }, options);
  const violations: Violation[] = [];
  await delay(CALM_MS);

  const fromMs = performance.now();
  await proxy.set({ kind: "flap", everyMs: FLAP_EVERY_MS });
  const detected = await timeUntil(() => isRedisAway(scene.observer), fromMs, HEAL_WITHIN_MS);
  if (detected === undefined) violations.push({ kind: "not detected", detail: "no gauge showed it" });
  const lastsMs = injections * FLAP_EVERY_MS;
  await delay(Math.max(0, fromMs + lastsMs - performance.now()));
  await proxy.set({ kind: "pass" });
  const healed = await timeUntil(() => isRedisBack(scene.observer), performance.now(), GIVE_UP_AFTER_MS);
  if (healed === undefined || healed > HEAL_WITHIN_MS) violations.push({ kind: "not healed", detail: `${healed ?? "more than 30000"} ms` });
  const untilMs = performance.now();
  await delay(CALM_MS);

  const allowed = Math.ceil(lastsMs / MS_PER_LINE) + 1;
  const lines = { "Redis is away": 0, "FALLBACK ACTIVATED": 0 };
  for (const [line, count] of [...Object.keys(lines).map((each) => [each, scene.observer.countInLog(each)] as const)]) {
    if (count > allowed)
      violations.push({ kind: "disagrees", detail: `"${line}" stands ${count} times in the log of ${lastsMs} ms, allowed are ${allowed}` });
  }
  const result = await scene.finish({
    promised: PROMISED_WITHOUT_REDIS,
    episodes: {
      detectMs: [detected ?? Number.POSITIVE_INFINITY],
      healMs: [healed ?? Number.POSITIVE_INFINITY],
      outages: [{ fromMs, untilMs }],
      violations,
    },
    remarks: [
      `every ${FLAP_EVERY_MS} ms for ${lastsMs / 1_000} s, ${proxy.counts.accepted} connections; "Redis is away" ${scene.observer.countInLog("Redis is away")} and FALLBACK ACTIVATED ${scene.observer.countInLog("FALLBACK ACTIVATED")} times in the log`,
    ],
  });
  return { ...result, injections };
}
