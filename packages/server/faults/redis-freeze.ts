/** F2: Redis says nothing for a while (SIGSTOP, `CLIENT PAUSE ALL`, `DEBUG SLEEP`), and then carries out what the server had long given up. */
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { startRedisServer } from "../test-support/redis-server.ts";
import { joinEpisodes, runEpisodes } from "./episodes.ts";
import { isRedisAway, isRedisBack, PROMISED_WITHOUT_REDIS, REDIS_TIMEOUT_MS } from "./redis-gauges.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { startScene } from "./scene.ts";

/** Both end by themselves. */
const PAUSE_MS = 2_000;
const LONG_FREEZE_MS = 10_000;
/** With fewer injections the row leaves the long freeze out. */
const LONG_FORM = 10;

/** `injections` is how often it is stopped; it is paused and sent to sleep a fifth as often each, and stopped once for long in the long form. */
export async function freezeRedis(options: RowOptions): Promise<RowResult> {
  const { injections, cleanUp } = options;
  const redis = await startRedisServer(["--enable-debug-command", "yes"]);
  cleanUp.add(() => redis.remove());
  const operator = new Redis(redis.url);
  cleanUp.add(async () => operator.disconnect());
  const scene = await startScene({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) }, options);
  const timeoutsBefore = (await scene.observer.metric("rag_redis_timeouts_total")) ?? 0;
  const seen = {
    isDetected: () => isRedisAway(scene.observer),
    isHealed: () => isRedisBack(scene.observer),
  };
  const stopped = (lastsMs: { readonly atLeast: number; readonly upTo: number }) => ({
    ...seen,
    begin: async () => redis.freeze(),
    end: async () => redis.thaw(),
    lastsMs,
  });

  function silenced(command: () => Promise<unknown>) {
    let answer: Promise<unknown> = Promise.resolve();
    let over: Promise<void> = Promise.resolve();
    return {
      ...seen,
      async begin() {
        over = delay(PAUSE_MS);
        answer = command();
      },
      async end() {
        await over;
        await answer;
      },
      lastsMs: { atLeast: 0, upTo: 0 },
    };
  }

  const seldom = { ...options, injections: Math.ceil(injections / 5) };
  const episodes = [
    await runEpisodes(stopped({ atLeast: 1_000, upTo: 3_000 }), options),
    await runEpisodes(
      silenced(() => operator.client("PAUSE", PAUSE_MS, "ALL")),
      seldom,
    ),
    await runEpisodes(
      silenced(() => operator.call("DEBUG", "SLEEP", String(PAUSE_MS / 1_000))),
      seldom,
    ),
  ];
  const isLong = injections >= LONG_FORM;
  if (isLong) episodes.push(await runEpisodes(stopped({ atLeast: LONG_FREEZE_MS, upTo: LONG_FREEZE_MS }), { ...options, injections: 1 }));
  const timeouts = ((await scene.observer.metric("rag_redis_timeouts_total")) ?? 0) - timeoutsBefore;
  return await scene.finish({
    promised: PROMISED_WITHOUT_REDIS,
    episodes: joinEpisodes(episodes),
    remarks: [
      `stopped ${injections} times for 1 to 3 s after it was detected${isLong ? " and once for 10 s" : ""}, CLIENT PAUSE ALL and DEBUG SLEEP ${seldom.injections} times each for ${PAUSE_MS / 1_000} s; ${timeouts} calls timed out, whose late writes overwrote no turn unless listed`,
    ],
  });
}
