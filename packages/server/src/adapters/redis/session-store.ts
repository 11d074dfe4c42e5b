/** Sessions in Redis, written by compare-and-set on their version. */
import { randomUUID } from "node:crypto";
import { continuationOf, type Session, type SessionStore } from "@rag-personal/core";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";
import { extendSession, type SessionTextSize, writeSession } from "./session-text.ts";

/** Options of {@link createRedisSessionStore}. */
export interface RedisSessionStoreOptions {
  readonly redis: Pick<RedisConnection, "read" | "write">;
  /** Milliseconds after its last save at which a session is forgotten. Default 30 days. */
  readonly ttlMs?: number;
}

export const SESSION_PREFIX = "rag:session:";
const DAY_MS = 86_400_000;

/** A hash: whose it is and at which version, for the scripts, which save it was, and the session as JSON. */
const sessionKey = (id: string): string => `${SESSION_PREFIX}data:${id}`;
/** A sorted set of the ids of a principal by the time of their last update. Ids of forgotten sessions stay in it until they are pruned. */
const indexKey = (principal: string): string => `${SESSION_PREFIX}index:${principal}`;

/** keys: session, index · args: principal, id, version, time of update, JSON, milliseconds to live, name of the save · 1 when it was stored */
const SAVE = createScript(`
local stored = redis.call("HMGET", KEYS[1], "principal", "version")
if stored[1] and stored[1] ~= ARGV[1] then return 0 end
if tonumber(stored[2] or 0) ~= tonumber(ARGV[3]) - 1 then return 0 end
redis.call("HSET", KEYS[1], "principal", ARGV[1], "version", ARGV[3], "save", ARGV[7], "session", ARGV[5])
redis.call("PEXPIRE", KEYS[1], ARGV[6])
redis.call("ZADD", KEYS[2], ARGV[4], ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[6])
return 1
`);

/**
 * The same for a session whose text begins with `head` and goes on with the end of the one before.
 *
 * keys: session, index · args: principal, id, version, time of update, head, milliseconds to live, name of the save, that of the save before
 * and the bytes of its text, bytes of it to keep, turns to add · 1 when it was stored, 2 when another text stands there than was expected
 */
const EXTEND = createScript(`
local stored = redis.call("HMGET", KEYS[1], "principal", "version", "save", "session")
if stored[1] and stored[1] ~= ARGV[1] then return 0 end
if tonumber(stored[2] or 0) ~= tonumber(ARGV[3]) - 1 then return 0 end
local text = stored[4]
if stored[3] ~= ARGV[8] or not text or #text ~= tonumber(ARGV[9]) then return 2 end
local kept = string.sub(text, -2 - tonumber(ARGV[10]), -3)
redis.call("HSET", KEYS[1], "version", ARGV[3], "save", ARGV[7], "session", ARGV[5] .. kept .. "," .. ARGV[11] .. "]}")
redis.call("PEXPIRE", KEYS[1], ARGV[6])
redis.call("ZADD", KEYS[2], ARGV[4], ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[6])
return 1
`);

/**
 * keys: index · args: prefix of session keys, limit, time of update and id after which to begin · id, time of update and JSON of each
 * session, most recently updated first, those of one time by their ids. Lua compares texts as the server's language does: hence by bytes.
 */
const LIST = createScript(`
local function is_after(a, b)
  for at = 1, #a do
    local x, y = string.byte(a, at), string.byte(b, at)
    if x ~= y then return not y or x > y end
  end
  return false
end
local found = {}
local max = ARGV[3]
while true do
  local part = redis.call("ZREVRANGEBYSCORE", KEYS[1], max, "-inf", "WITHSCORES", "LIMIT", 0, 100)
  if #part == 0 then return found end
  local first = 1
  while first < #part do
    local time, last = part[first + 1], first
    while part[last + 3] == time do last = last + 2 end
    local ids = {}
    if last + 1 < #part then
      for at = last, first, -2 do ids[#ids + 1] = part[at] end
    else
      ids = redis.call("ZRANGEBYSCORE", KEYS[1], time, time)
    end
    for _, id in ipairs(ids) do
      if #found >= 3 * tonumber(ARGV[2]) then return found end
      local session = (time ~= ARGV[3] or is_after(id, ARGV[4])) and redis.call("HGET", ARGV[1] .. id, "session")
      if session then
        local n = #found
        found[n + 1], found[n + 2], found[n + 3] = id, time, session
      end
    end
    first, max = last + 2, "(" .. time
  end
end
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

/** Id, time of update and JSON in turns. */
const listing = z.array(z.string());

/** Sessions used last, which need not travel again while Redis holds the very same; the size is that of their JSON. */
const KNOWN = { max: 2_000, maxSize: 5_000_000 };

/** A session as one save wrote it. */
interface KnownSession {
  readonly session: Session;
  readonly save: string;
  /** Undefined for a text that another program has written: nobody goes on from it without sending the whole. */
  readonly size: SessionTextSize | undefined;
}

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
  const known = new LRUCache<string, KnownSession>(KNOWN);
  const replica = randomUUID();
  let saves = 0;

  function keep(id: string, session: KnownSession, size: number): void {
    known.set(id, session, { size });
  }

  /** Sends what is new alone. @returns undefined when the whole has to be sent. */
  async function extend(session: Session, save: string): Promise<boolean | undefined> {
    const base = known.get(session.id);
    const continuation = continuationOf(session, base?.session);
    const extended = base?.size && continuation && extendSession(session, continuation, base.size);
    if (base?.size === undefined || extended === undefined) return undefined;
    const { id, principal, version, updatedAtMs } = session;
    const { head, keptBytes, added, size } = extended;
    const args = [principal, id, version, updatedAtMs, head, ttlMs, save, base.save, base.size.bytes, keptBytes, added];
    const outcome = await redis.write((driver) => EXTEND(driver, [sessionKey(id), indexKey(principal)], args));
    if (outcome === 1) keep(id, { session, save, size }, size.bytes);
    return outcome === 2 ? undefined : outcome === 1;
  }

  /** The session as it stands there, whole. */
  async function loadWhole(id: string): Promise<Session | undefined> {
    const [json, version, save] = await redis.read((driver) => driver.hmget(sessionKey(id), "session", "version", "save"));
    const session = parseSession(json);
    // A program that names no saves leaves the name of an earlier one behind, of another version.
    if (json && save && session?.id === id && String(session.version) === version) {
      const written = writeSession(session);
      keep(id, { session, save, size: written.text === json ? written.size : undefined }, json.length);
    } else known.delete(id);
    return session;
  }

  async function loadOne(id: string): Promise<Session | undefined> {
    const expected = known.get(id);
    if (expected === undefined) return await loadWhole(id);
    const [version, save] = await redis.read((driver) => driver.hmget(sessionKey(id), "version", "save"));
    return version === String(expected.session.version) && save === expected.save ? expected.session : await loadWhole(id);
  }

  return {
    async load(principal, id) {
      const session = await loadOne(id);
      return session?.principal === principal && session.id === id ? session : undefined;
    },

    async list(principal, limit, after) {
      const sessions: Session[] = [];
      let last = after;
      // What is passed over because it is damaged must not look like the end.
      while (sessions.length < limit) {
        const asked = limit - sessions.length;
        const args = [sessionKey(""), asked, last?.updatedAtMs ?? "+inf", last?.id ?? ""];
        const found = listing.parse(await redis.read((driver) => LIST(driver, [indexKey(principal)], args)));
        for (let at = 0; at + 2 < found.length; at += 3) {
          const [id = "", updatedAtMs, json] = found.slice(at, at + 3);
          last = { id, updatedAtMs: Number(updatedAtMs) };
          const session = parseSession(json);
          if (session?.principal === principal) sessions.push(session);
        }
        if (found.length < 3 * asked) break;
      }
      return sessions;
    },

    async save(session) {
      const { id, principal, version, updatedAtMs } = session;
      const keys = [sessionKey(id), indexKey(principal)];
      saves += 1;
      const save = `${replica} ${saves}`;
      const isExtended = await extend(session, save);
      if (isExtended !== undefined) return isExtended;
      const { text, size } = writeSession(session);
      const args = [principal, id, version, updatedAtMs, text, ttlMs, save];
      const isSaved = (await redis.write((driver) => SAVE(driver, keys, args))) === 1;
      if (isSaved) keep(id, { session, save, size }, size.bytes);
      return isSaved;
    },

    async remove(principal, id) {
      known.delete(id);
      return (await redis.write((driver) => REMOVE(driver, [sessionKey(id), indexKey(principal)], [principal, id]))) === 1;
    },

    async prune(principal, keep) {
      const removed = await redis.write((driver) => PRUNE(driver, [indexKey(principal)], [sessionKey(""), Math.max(0, keep)]));
      return z.number().parse(removed);
    },
  };
}
