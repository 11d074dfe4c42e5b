/**
 * Sessions of a backup, prepared beside those in use and switched with them in one step. Scripts take the names of keys from Redis itself,
 * so this is for one Redis, not for a cluster, as the sessions are.
 */
import type { SessionEntry } from "../../operations/backup-sets/session-lines.ts";
import type { SessionTarget } from "../../operations/restoring/restoration.ts";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";
import { SESSION_PREFIX } from "./session-store.ts";

const STAGED = "rag:restoring:";
const PREVIOUS = "rag:previous:";
/** Written after all the keys that were prepared, and so lost with any of them. */
const COMPLETE = `${STAGED}complete`;
const SWITCHED = `${PREVIOUS}restoration`;
const BATCH = 500;

const RENAME_ALL = `
local function rename_all(pattern, from, to)
  for _, key in ipairs(redis.call("KEYS", pattern)) do redis.call("RENAME", key, to .. string.sub(key, from)) end
end
local function remove_all(pattern)
  for _, key in ipairs(redis.call("KEYS", pattern)) do redis.call("UNLINK", key) end
end
`;

/** keys: complete, switched · args: id, prefix of what is prepared, of what is kept, of sessions · 1 when they are switched */
const SWITCH = createScript(`${RENAME_ALL}
if redis.call("GET", KEYS[2]) == ARGV[1] then return 1 end
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("DEL", KEYS[1])
remove_all(ARGV[3] .. "*")
rename_all(ARGV[4] .. "*", 1, ARGV[3])
rename_all(ARGV[2] .. ARGV[4] .. "*", #ARGV[2] + 1, "")
redis.call("SET", KEYS[2], ARGV[1])
return 1
`);

/** keys: switched · args: id, prefix of what is prepared, of what is kept, of sessions */
const SWITCH_BACK = createScript(`${RENAME_ALL}
if redis.call("GET", KEYS[1]) == ARGV[1] then
  remove_all(ARGV[4] .. "*")
  rename_all(ARGV[3] .. ARGV[4] .. "*", #ARGV[3] + 1, "")
  redis.call("DEL", KEYS[1])
end
remove_all(ARGV[2] .. "*")
return 1
`);

/** @param redis with a deadline that suits a script over all sessions: some tens of milliseconds for ten thousand. */
export function createSessionRestoration(redis: Pick<RedisConnection, "read" | "write">): SessionTarget {
  const removeAll = async (prefix: string): Promise<void> => {
    let cursor = "0";
    do {
      const [next, keys] = await redis.write((driver) => driver.scan(cursor, "MATCH", `${prefix}*`, "COUNT", BATCH));
      if (keys.length > 0) await redis.write((driver) => driver.unlink(...keys));
      cursor = next;
    } while (cursor !== "0");
  };

  async function write(batch: readonly SessionEntry[]): Promise<void> {
    await redis.write(async (driver) => {
      const pipeline = driver.pipeline();
      for (const entry of batch) {
        const key = `${STAGED}${SESSION_PREFIX}${entry.key}`;
        if ("hash" in entry) pipeline.hset(key, entry.hash);
        else if (entry.sortedSet.length > 0) pipeline.zadd(key, ...entry.sortedSet.flatMap(([member, score]) => [score, member]));
        if (entry.expiresAtMs !== null) pipeline.pexpireat(key, entry.expiresAtMs);
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    });
  }

  return {
    async stage(id, keys) {
      await redis.write((driver) => driver.del(COMPLETE));
      await removeAll(STAGED);
      let batch: SessionEntry[] = [];
      let count = 0;
      for await (const entry of keys) {
        batch.push(entry);
        count += 1;
        if (batch.length < BATCH) continue;
        await write(batch);
        batch = [];
      }
      if (batch.length > 0) await write(batch);
      await redis.write((driver) => driver.set(COMPLETE, id));
      return count;
    },
    async isStaged(id) {
      const markers = await redis.read((driver) => driver.mget(COMPLETE, SWITCHED));
      return markers.includes(id);
    },
    async switchToStaged(id) {
      const switched = await redis.write((driver) => SWITCH(driver, [COMPLETE, SWITCHED], [id, STAGED, PREVIOUS, SESSION_PREFIX]));
      return switched === 1;
    },
    async switchBack(id) {
      await redis.write((driver) => SWITCH_BACK(driver, [SWITCHED], [id, STAGED, PREVIOUS, SESSION_PREFIX]));
    },
    async drop() {
      await removeAll(STAGED);
      await removeAll(PREVIOUS);
    },
  };
}
