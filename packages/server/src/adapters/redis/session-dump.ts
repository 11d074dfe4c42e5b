/** Every session of a Redis for a backup, without holding anybody up. Scripts are given all keys they read, on one Redis. */
import type { Timers } from "@rag-personal/core";
import * as z from "zod";
import type { SessionEntry } from "../../operations/backup-sets/session-lines.ts";
import type { SessionSource } from "../../operations/session-source.ts";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";
import { SESSION_PREFIX } from "./session-store.ts";

/** Redis does nothing else while it looks through so many names. */
const SCAN_COUNT = 1_000;
/** The same for so many values: about a millisecond. */
const READ_COUNT = 100;
/** For a Redis that was away, or to which nobody is connected yet. */
const WAIT_MS = 10_000;

/** keys: of sessions · for each: milliseconds until it ends or -1, its type, its fields or its members with scores; nothing for one that is gone */
const READ = createScript(`
local found = {}
for place, key in ipairs(KEYS) do
  local type = redis.call("TYPE", key).ok
  if type == "hash" then
    found[#found + 1] = { place, redis.call("PTTL", key), type, redis.call("HGETALL", key) }
  elseif type == "zset" then
    found[#found + 1] = { place, redis.call("PTTL", key), type, redis.call("ZRANGE", key, 0, -1, "WITHSCORES") }
  end
end
return found
`);

const read = z.array(z.tuple([z.int(), z.int(), z.enum(["hash", "zset"]), z.array(z.string())]));

export interface SessionSourceOptions {
  readonly redis: Pick<RedisConnection, "read" | "ping" | "state" | "onReady">;
  readonly clock: { now(): number };
  readonly timers: Timers;
}

export function createSessionSource({ redis, clock, timers }: SessionSourceOptions): SessionSource {
  return {
    async version() {
      await readyWithin(redis, timers);
      return await redis.ping();
    },
    async *readSessions() {
      const seen = new Set<string>();
      let cursor = "0";
      do {
        const [next, keys] = await redis.read((driver) => driver.scan(cursor, "MATCH", `${SESSION_PREFIX}*`, "COUNT", SCAN_COUNT));
        cursor = next;
        // A key may be met more than once.
        const fresh = [...new Set(keys)].filter((key) => !seen.has(key));
        for (const key of fresh) seen.add(key);
        for (let at = 0; at < fresh.length; at += READ_COUNT) {
          const batch = fresh.slice(at, at + READ_COUNT);
          const now = clock.now();
          const entries = read.parse(await redis.read((driver) => READ(driver, batch, [])));
          for (const [place, ttlMs, type, values] of entries) {
            const key = batch[place - 1]?.slice(SESSION_PREFIX.length);
            if (key !== undefined) yield toEntry(key, ttlMs < 0 ? null : now + ttlMs, type, values);
          }
        }
      } while (cursor !== "0");
    },
  };
}

async function readyWithin({ state, onReady }: Pick<RedisConnection, "state" | "onReady">, timers: Timers): Promise<void> {
  if (state() === "ready") return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = onReady(resolve);
  const cancel = timers.set(WAIT_MS, resolve);
  await promise;
  forget();
  cancel();
}

function toEntry(key: string, expiresAtMs: number | null, type: "hash" | "zset", values: readonly string[]): SessionEntry {
  const pairs = Array.from({ length: values.length / 2 }, (_, at): [string, string] => [values[2 * at] ?? "", values[2 * at + 1] ?? ""]);
  return type === "hash"
    ? { key, expiresAtMs, hash: Object.fromEntries(pairs) }
    : { key, expiresAtMs, sortedSet: pairs.map(([member, score]) => [member, Number(score)]) };
}
