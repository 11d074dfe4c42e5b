/** Answers kept in Redis for every replica. A cache that is away is an empty one. */
import { type CachedAnswer, RagError, type ResponseCache } from "@rag-personal/core";
import { CACHE_EPOCH_KEY } from "./cache-epoch.ts";
import { cachedAnswer } from "./cached-answer.ts";
import type { RedisConnection } from "./connection.ts";

/** Options of {@link createRedisResponseCache}. */
export interface RedisResponseCacheOptions {
  readonly redis: Pick<RedisConnection, "read" | "write">;
  /** Milliseconds after which an answer is forgotten. Default 7 days. */
  readonly ttlMs?: number;
  /** Bytes of one answer as JSON at most; a larger one is not kept. Default 262,144. */
  readonly maxValueBytes?: number;
}

const PREFIX = "rag:cache:";
const DAY_MS = 86_400_000;
const SCAN_COUNT = 500;

async function orWhenAway<T>(call: Promise<T>, whenAway: T): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RagError && error.code === "store_unavailable") return whenAway;
    throw error;
  }
}

function parseAnswer(json: string): CachedAnswer | undefined {
  try {
    return cachedAnswer.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * The cache of a Redis. A value that is damaged or of another version of this program is a miss.
 *
 * @throws RangeError when an option is not a whole number of at least 1.
 */
export function createRedisResponseCache({ redis, ttlMs = 7 * DAY_MS, maxValueBytes = 262_144 }: RedisResponseCacheOptions): ResponseCache {
  for (const [name, value] of Object.entries({ ttlMs, maxValueBytes })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  }
  return {
    async get(key) {
      const json = await orWhenAway(
        redis.read((driver) => driver.get(PREFIX + key)),
        null,
      );
      return json === null ? undefined : parseAnswer(json);
    },
    async set(key, value) {
      const json = JSON.stringify(value);
      if (Buffer.byteLength(json) > maxValueBytes) return;
      await orWhenAway<unknown>(
        redis.write((driver) => driver.set(PREFIX + key, json, "PX", ttlMs)),
        undefined,
      );
    },
    clear: () => clearResponseCache(redis),
  };
}

/**
 * Forgets every cached answer, and nothing else: sessions and budgets stand under other prefixes.
 *
 * @returns how many went.
 * @throws RagError `store_unavailable` when Redis is away; some may have gone by then.
 */
export async function clearResponseCache(redis: Pick<RedisConnection, "write">): Promise<number> {
  const tellOthers = (): Promise<number> => redis.write((driver) => driver.unlink(CACHE_EPOCH_KEY));
  // Now, so that they forget their copies even if this is cut off, and at the end, for what they copy again meanwhile.
  await tellOthers();
  let removed = 0;
  let cursor = "0";
  do {
    const [next, keys] = await redis.write((driver) => driver.scan(cursor, "MATCH", `${PREFIX}*`, "COUNT", SCAN_COUNT));
    if (keys.length > 0) removed += await redis.write((driver) => driver.unlink(...keys));
    cursor = next;
  } while (cursor !== "0");
  await tellOthers();
  return removed;
}
