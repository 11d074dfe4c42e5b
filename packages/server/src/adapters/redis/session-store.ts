/** Sessions in Redis, written by compare-and-set on their version. */
import type { Session, SessionStore } from "@rag-personal/core";
import * as z from "zod";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";

/** Options of {@link createRedisSessionStore}. */
export interface RedisSessionStoreOptions {
  readonly redis: Pick<RedisConnection, "read" | "write">;
  /** Milliseconds after its last save at which a session is forgotten. Default 30 days. */
  readonly ttlMs?: number;
}

export const SESSION_PREFIX = "rag:session:";
const DAY_MS = 86_400_000;

/** A hash: whose it is and at which version, for the scripts, and the session as JSON. */
const sessionKey = (id: string): string => `${SESSION_PREFIX}data:${id}`;
/** A sorted set of the ids of a principal by the time of their last update. Ids of forgotten sessions stay in it until they are pruned. */
const indexKey = (principal: string): string => `${SESSION_PREFIX}index:${principal}`;

/** keys: session, index · args: principal, id, version, time of update, JSON, milliseconds to live · 1 when it was stored */
const SAVE = createScript(`
local stored = redis.call("HMGET", KEYS[1], "principal", "version")
if stored[1] and stored[1] ~= ARGV[1] then return 0 end
if tonumber(stored[2] or 0) ~= tonumber(ARGV[3]) - 1 then return 0 end
redis.call("HSET", KEYS[1], "principal", ARGV[1], "version", ARGV[3], "session", ARGV[5])
redis.call("PEXPIRE", KEYS[1], ARGV[6])
redis.call("ZADD", KEYS[2], ARGV[4], ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[6])
return 1
`);

/** keys: index · args: prefix of session keys, limit · the sessions as JSON, most recently updated first */
const LIST = createScript(`
local found = {}
for _, id in ipairs(redis.call("ZREVRANGE", KEYS[1], 0, -1)) do
  if #found >= tonumber(ARGV[2]) then break end
  local session = redis.call("HGET", ARGV[1] .. id, "session")
  if session then found[#found + 1] = session end
end
return found
`);

/** keys: session, index · args: principal, id · 1 when there was one */
const REMOVE = createScript(`
if redis.call("HGET", KEYS[1], "principal") ~= ARGV[1] then return 0 end
redis.call("ZREM", KEYS[2], ARGV[2])
return redis.call("DEL", KEYS[1])
`);

/** keys: index · args: prefix of session keys, how many stay · how many went */
const PRUNE = createScript(`
local removed = 0
for _, id in ipairs(redis.call("ZREVRANGE", KEYS[1], ARGV[2], -1)) do
  removed = removed + redis.call("DEL", ARGV[1] .. id)
  redis.call("ZREM", KEYS[1], id)
end
return removed
`);

const storedSession = z.object({
  id: z.string(),
  principal: z.string(),
  version: z.int().min(1),
  turns: z.array(
    z.object({
      question: z.string(),
      standaloneQuestion: z.string(),
      answer: z.string(),
      answerable: z.boolean(),
      citedTitles: z.array(z.string()),
      atMs: z.number(),
    }),
  ),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
}) satisfies z.ZodType<Session>;

/** Undefined for what is not a session of ours: whatever damaged it, nobody can go on with it. */
function parseSession(json: unknown): Session | undefined {
  if (typeof json !== "string") return undefined;
  try {
    return storedSession.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * The store of a Redis; `save` is one atomic step there, so that a save which arrives late cannot replace a newer version.
 *
 * @throws RangeError when `ttlMs` is not a whole number of at least 1.
 */
export function createRedisSessionStore({ redis, ttlMs = 30 * DAY_MS }: RedisSessionStoreOptions): SessionStore {
  if (!Number.isInteger(ttlMs) || ttlMs < 1) throw new RangeError(`ttlMs must be a whole number of at least 1, not ${ttlMs}`);
  return {
    async load(principal, id) {
      const session = parseSession(await redis.read((driver) => driver.hget(sessionKey(id), "session")));
      return session?.principal === principal && session.id === id ? session : undefined;
    },

    async list(principal, limit) {
      if (limit <= 0) return [];
      const found = await redis.read((driver) => LIST(driver, [indexKey(principal)], [sessionKey(""), limit]));
      const sessions = z.array(z.unknown()).parse(found).map(parseSession);
      return sessions.filter((session) => session !== undefined).filter((session) => session.principal === principal);
    },

    async save(session) {
      const { id, principal, version, updatedAtMs } = session;
      const keys = [sessionKey(id), indexKey(principal)];
      const args = [principal, id, version, updatedAtMs, JSON.stringify(session), ttlMs];
      return (await redis.write((driver) => SAVE(driver, keys, args))) === 1;
    },

    async remove(principal, id) {
      return (await redis.write((driver) => REMOVE(driver, [sessionKey(id), indexKey(principal)], [principal, id]))) === 1;
    },

    async prune(principal, keep) {
      const removed = await redis.write((driver) => PRUNE(driver, [indexKey(principal)], [sessionKey(""), Math.max(0, keep)]));
      return z.number().parse(removed);
    },
  };
}
