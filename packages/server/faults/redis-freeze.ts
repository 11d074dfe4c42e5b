/** F2: Redis stops where it stands (SIGSTOP) and goes on later, carrying out what the server had long given up. */
import { startRedisServer } from "../test-support/redis-server.ts";
import { runEpisodes } from "./episodes.ts";
import { isRedisAway, isRedisBack, PROMISED_WITHOUT_REDIS, REDIS_TIMEOUT_MS } from "./redis-gauges.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { startScene } from "./scene.ts";

export async function freezeRedis(options: RowOptions): Promise<RowResult> {
  const redis = await startRedisServer();
  options.cleanUp.add(() => redis.remove());
  const scene = await startScene({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) }, options);
  const timeoutsBefore = (await scene.observer.metric("rag_redis_timeouts_total")) ?? 0;
  const episodes = await runEpisodes(
    {
      begin: async () => redis.freeze(),
      end: async () => redis.thaw(),
      isDetected: () => isRedisAway(scene.observer),
      isHealed: () => isRedisBack(scene.observer),
      lastsMs: { atLeast: 1_000, upTo: 3_000 },
    },
    options,
  );
  const timeouts = ((await scene.observer.metric("rag_redis_timeouts_total")) ?? 0) - timeoutsBefore;
  return await scene.finish({
    promised: PROMISED_WITHOUT_REDIS,
    episodes,
    remarks: [`frozen for 1 to 3 s after it was detected; ${timeouts} calls timed out, whose late writes overwrote no turn unless listed`],
  });
}
