/** F1: Redis is killed with -9, and comes back on the same files. */
import { startRedisServer } from "../test-support/redis-server.ts";
import { runEpisodes } from "./episodes.ts";
import { isRedisAway, isRedisBack, PROMISED_WITHOUT_REDIS, REDIS_TIMEOUT_MS } from "./redis-gauges.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";
import { startScene } from "./scene.ts";

export async function killRedis(options: RowOptions): Promise<RowResult> {
  const redis = await startRedisServer();
  options.cleanUp.add(() => redis.remove());
  const scene = await startScene({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) }, options);
  const episodes = await runEpisodes(
    {
      begin: () => redis.kill(),
      end: () => redis.restart(),
      isDetected: () => isRedisAway(scene.observer),
      isHealed: () => isRedisBack(scene.observer),
      lastsMs: { atLeast: 200, upTo: 1_000 },
    },
    options,
  );
  const activations = scene.observer.countInLog("FALLBACK ACTIVATED");
  const violations: Violation[] =
    activations >= 1 && activations <= options.injections
      ? []
      : [{ kind: "disagrees", detail: `the log says FALLBACK ACTIVATED ${activations} times in ${options.injections} kills` }];
  return await scene.finish({
    promised: PROMISED_WITHOUT_REDIS,
    episodes,
    violations,
    remarks: [`FALLBACK ACTIVATED ${activations} times in the log`],
  });
}
