/** Reaches the cached answers in Redis without a server. */
import { connectRedis } from "../adapters/redis/connection.ts";
import { clearResponseCache } from "../adapters/redis/response-cache.ts";
import type { Config } from "../config.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

const CONNECT_WITHIN_MS = 5_000;
/** Nobody waits for an answer of a question here, and a scan of a large database takes longer than a read. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * @returns how many went; undefined where no Redis is configured.
 * @throws RagError `store_unavailable`.
 */
export async function clearCachedAnswers(
  config: Pick<Config, "REDIS_URL" | "REDIS_CACHE_URL">,
  { log }: Pick<Surroundings, "log">,
): Promise<number | undefined> {
  const url = config.REDIS_CACHE_URL ?? config.REDIS_URL;
  if (url === undefined) return undefined;
  const setting = config.REDIS_CACHE_URL === undefined ? "REDIS_URL" : "REDIS_CACHE_URL";
  const redis = connectRedis({ url, setting, log, clock, timers, random: Math.random, commandTimeoutMs: CALL_TIMEOUT_MS });
  const connected = Promise.withResolvers<void>();
  redis.onReady(connected.resolve);
  // Then the first call says in which state it is.
  const cancel = timers.set(CONNECT_WITHIN_MS, connected.resolve);
  try {
    await connected.promise;
    return await clearResponseCache(redis);
  } finally {
    cancel();
    await redis.close();
  }
}
