/** A window over calls and tokens that all replicas share through Redis, and each keeps for itself while Redis is away. */
import { randomUUID } from "node:crypto";
import { type CallGrant, type CallRequest, type CallWindow, type Clock, RagError, type Timers } from "@rag-personal/core";
import * as z from "zod";
import { type Amount, createBudgetLedger } from "./budget-ledger.ts";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";

/** Options of {@link createSharedCallWindow}. */
export interface SharedCallWindowOptions {
  readonly redis: Pick<RedisConnection, "write" | "state" | "onReady">;
  /** Which budget; replicas with the same name share it. */
  readonly name: string;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Calls of all replicas within any 60 seconds. Default 28: two below a free tier of 30. */
  readonly perMinute?: number;
  /** Tokens of all replicas within any 60 seconds. Default: not counted. */
  readonly tokensPerMinute?: number | undefined;
  /** Replicas to reckon with before they are known: at a start while Redis is away. Default 1. */
  readonly expectedReplicas?: number;
  /** Unique to this replica. Default: random. */
  readonly replicaId?: string;
}

export interface SharedCallWindow extends CallWindow {
  /** Stops listening to the other replicas. */
  close(): void;
}

const PREFIX = "rag:budget:";
const WINDOW_MS = 60_000;
/** How often the others are listened to, and so how old the knowledge is with which a replica goes on alone. */
const REFRESH_MS = 1_000;
/** A replica that was not heard of for so long is gone. */
const REPLICA_TTL_MS = 10_000;
/** Calls reported in one step at most. */
const MAX_REPORTED = 1_000;

/**
 * keys: calls by time, their tokens, replicas · args: limit of calls, of tokens (0: not counted), window, replica, its time to live,
 * milliseconds for which to count who was heard of, id of the call or "", its tokens, calls and tokens that must fit, then ids, ages and tokens (-1:
 * never made) of calls to be noted · whether it was granted, calls and tokens in the window, replicas, those heard of, milliseconds until it fits.
 *
 * The time is that of Redis, so the clocks of the replicas do not matter. Calls in its future are left over from a clock that was set
 * back: without their removal they would block the budget until then. The hash holds the sum of all tokens beside those of each call.
 */
const TAKE = createScript(`
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[1])
local token_limit = tonumber(ARGV[2])
local window = tonumber(ARGV[3])
local id = ARGV[7]
local need_calls = tonumber(ARGV[9])
local need_tokens = tonumber(ARGV[10])
local function set_tokens(call, tokens)
  if token_limit == 0 then return end
  local before = tonumber(redis.call("HGET", KEYS[2], call) or 0)
  redis.call("HINCRBY", KEYS[2], "sum", tokens - before)
  if tokens == 0 then redis.call("HDEL", KEYS[2], call) else redis.call("HSET", KEYS[2], call, tokens) end
end
local function forget(from, to)
  if token_limit > 0 then
    for _, call in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], from, to)) do set_tokens(call, 0) end
  end
  redis.call("ZREMRANGEBYSCORE", KEYS[1], from, to)
end
forget("-inf", now - window)
forget(now + 1000, "+inf")
for n = 11, #ARGV, 3 do
  local tokens = tonumber(ARGV[n + 2])
  if tokens < 0 then
    redis.call("ZREM", KEYS[1], ARGV[n])
    set_tokens(ARGV[n], 0)
  elseif tonumber(ARGV[n + 1]) < window then
    redis.call("ZADD", KEYS[1], "NX", now - ARGV[n + 1], ARGV[n])
    set_tokens(ARGV[n], tokens)
  end
end
redis.call("ZADD", KEYS[3], now, ARGV[4])
redis.call("ZREMRANGEBYSCORE", KEYS[3], "-inf", now - ARGV[5])
local calls = redis.call("ZCARD", KEYS[1])
if calls == 0 then redis.call("DEL", KEYS[2]) end
local tokens = tonumber(redis.call("HGET", KEYS[2], "sum") or 0)
local function fits(calls, tokens)
  return calls + need_calls <= limit and (token_limit == 0 or tokens + need_tokens <= token_limit)
end
local granted = 0
local wait = 0
if id ~= "" then
  if fits(calls, tokens) then
    redis.call("ZADD", KEYS[1], now, id)
    set_tokens(id, tonumber(ARGV[8]))
    calls = calls + 1
    tokens = tokens + ARGV[8]
    granted = 1
  elseif not fits(0, 0) then
    wait = window
  else
    local first = math.max(calls + need_calls - limit - 1, 0)
    local left = tokens
    if token_limit > 0 then first = 0 end
    local last = -1
    if token_limit == 0 then last = first end
    local leaving = redis.call("ZRANGE", KEYS[1], first, last, "WITHSCORES")
    for n = 1, #leaving, 2 do
      if token_limit > 0 then left = left - tonumber(redis.call("HGET", KEYS[2], leaving[n]) or 0) end
      wait = math.max(leaving[n + 1] + window - now, 1)
      if fits(calls - first - (n + 1) / 2, left) then break end
    end
  end
end
redis.call("PEXPIRE", KEYS[1], window)
redis.call("PEXPIRE", KEYS[2], window)
redis.call("PEXPIRE", KEYS[3], ARGV[5])
return { granted, calls, tokens, redis.call("ZCARD", KEYS[3]), redis.call("ZCOUNT", KEYS[3], now - ARGV[6], "+inf"), wait }
`);
const taken = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);

const NO_CALL = { id: "", tokens: 0, demand: { calls: 0, tokens: 0 } };

function requirePositiveInteger(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  return value;
}

/**
 * Creates the window and begins to listen to the other replicas.
 *
 * With Redis the limits hold exactly. While Redis is away from all `n` replicas they are passed by less than `n` calls and `n` tokens, and by
 * what others spent within the last two seconds before it went; the same while they return one after the other, also to a Redis
 * that has lost its data. A call whose outcome is unknown counts as made. A replica that Redis is away from alone is not reckoned with by
 * the others, which go on with all that is left.
 *
 * @throws RangeError when a number is not a whole number of at least 1.
 */
export function createSharedCallWindow(options: SharedCallWindowOptions): SharedCallWindow {
  const { redis, name, clock, timers, tokensPerMinute } = options;
  const limits: Amount = {
    calls: requirePositiveInteger("perMinute", options.perMinute ?? 28),
    tokens: tokensPerMinute === undefined ? Number.POSITIVE_INFINITY : requirePositiveInteger("tokensPerMinute", tokensPerMinute),
  };
  const expectedReplicas = requirePositiveInteger("expectedReplicas", options.expectedReplicas ?? 1);
  const replicaId = options.replicaId ?? randomUUID();
  const now = (): number => clock.monotonic();
  const ledger = createBudgetLedger({ limits, windowMs: WINDOW_MS, expectedReplicas, replicaTtlMs: REPLICA_TTL_MS, now });
  const keys = ["calls", "tokens", "replicas"].map((part) => `${PREFIX}${name}:${part}`);
  let cancelRefresh: (() => void) | undefined;
  let isClosed = false;
  /** Asked for while others may still have to report, and not answered yet. */
  let asking: Amount = { calls: 0, tokens: 0 };

  async function ask({ id, tokens, demand }: typeof NO_CALL): Promise<{ readonly isGranted: boolean; readonly waitMs: number }> {
    const reports = ledger.unreported().slice(0, MAX_REPORTED);
    const heardWithinMs = Math.min(Math.floor(ledger.settlingForMs() ?? REPLICA_TTL_MS), REPLICA_TTL_MS);
    const call = [id, tokens, demand.calls, demand.tokens];
    const told = reports.flatMap((report) => [report.id, Math.round(report.ageMs), report.tokens ?? -1]);
    const args = [limits.calls, tokensPerMinute ?? 0, WINDOW_MS, replicaId, REPLICA_TTL_MS, heardWithinMs, ...call, ...told];
    const answer = taken.parse(await redis.write((driver) => TAKE(driver, keys, args)));
    const [granted, calls, usedTokens, replicas, heard, waitMs] = answer;
    if (granted === 1) ledger.addShared(id, tokens);
    ledger.learn({ used: { calls, tokens: usedTokens }, replicas, heard }, reports);
    return { isGranted: granted === 1, waitMs };
  }

  /** @returns milliseconds to wait; 0 when the call was counted. */
  async function takeShared(id: string, tokens: number, demand: Amount): Promise<number> {
    const isSettling = redis.state() === "ready" && ledger.settlingForMs() !== undefined;
    if (isSettling) {
      const waitMs = ledger.waitAlone(plus(demand, asking));
      // It ends as soon as the others have been heard of.
      if (waitMs > 0) return Math.min(waitMs, REFRESH_MS);
    }
    const asked: Amount = isSettling ? { calls: 1, tokens } : { calls: 0, tokens: 0 };
    asking = plus(asking, asked);
    try {
      const { isGranted, waitMs } = await ask({ id, tokens, demand });
      return isGranted ? 0 : waitMs;
    } finally {
      asking = { calls: asking.calls - asked.calls, tokens: asking.tokens - asked.tokens };
    }
  }

  function takeAlone(id: string, tokens: number, demand: Amount): number {
    const waitMs = ledger.waitAlone(demand);
    if (waitMs === 0) ledger.addAlone(id, tokens);
    return waitMs;
  }

  async function take({ tokens, ahead, signal }: CallRequest): Promise<CallGrant> {
    signal.throwIfAborted();
    const id = randomUUID();
    const counted = tokensPerMinute === undefined ? 0 : Math.min(tokens, tokensPerMinute);
    const demand = { calls: ahead.calls + 1, tokens: tokensPerMinute === undefined ? 0 : ahead.tokens + counted };
    let waitMs: number;
    try {
      waitMs = await takeShared(id, counted, demand);
    } catch (error) {
      if (!isAway(error)) throw error;
      waitMs = takeAlone(id, counted, demand);
    }
    if (waitMs > 0) return { isGranted: false, waitMs };
    return {
      isGranted: true,
      reservation: {
        settle(used) {
          if (tokensPerMinute !== undefined) ledger.settle(id, used);
        },
        cancel: () => ledger.cancel(id),
      },
    };
  }

  async function refresh(): Promise<void> {
    cancelRefresh?.();
    try {
      await ask(NO_CALL);
    } catch {
      // Nobody asked for this one; whatever is wrong, the next caller hears of it.
    } finally {
      cancelRefresh?.();
      if (!isClosed) cancelRefresh = timers.set(REFRESH_MS, () => void refresh());
    }
  }

  const unsubscribe = redis.onReady(() => {
    ledger.returned();
    void refresh();
  });
  void refresh();

  return {
    take,
    remaining() {
      const { calls, tokens } = ledger.remaining(redis.state() !== "ready");
      return { calls, tokens: tokensPerMinute === undefined ? undefined : tokens };
    },
    close() {
      isClosed = true;
      unsubscribe();
      cancelRefresh?.();
    },
  };
}

function plus(one: Amount, other: Amount): Amount {
  return { calls: one.calls + other.calls, tokens: one.tokens + other.tokens };
}

function isAway(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}
