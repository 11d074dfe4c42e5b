/** A budget of calls per minute that all replicas share through Redis, and each keeps for itself while Redis is away. */
import { randomUUID } from "node:crypto";
import { type Clock, RagError, type Timers } from "@rag-personal/core";
import { z } from "zod";
import { budgetSpent, createBudgetLedger } from "./budget-ledger.ts";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";

/** Options of {@link createSharedRequestBudget}. */
export interface SharedRequestBudgetOptions {
  readonly redis: Pick<RedisConnection, "write" | "state" | "onReady">;
  /** Which budget; replicas with the same name share it. */
  readonly name: string;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Calls of all replicas within any 60 seconds. Default 28: two below a free tier of 30. */
  readonly perMinute?: number;
  /** Replicas to reckon with before they are known: at a start while Redis is away. Default 1. */
  readonly expectedReplicas?: number;
  /** Unique to this replica. Default: random. */
  readonly replicaId?: string;
}

export interface SharedRequestBudget {
  /**
   * Spends one call.
   *
   * @throws RagError `rate_limited` with the seconds until a call will be free; the reason of `signal` when it is aborted.
   */
  spend(signal: AbortSignal): Promise<void>;
  /** Calls left as far as this replica knows, without asking. */
  remaining(): number;
  /** Stops listening to the other replicas. */
  close(): void;
}

const PREFIX = "rag:budget:";
const WINDOW_MS = 60_000;
/** How often the others are listened to, and so how old the knowledge is with which a replica goes on alone. */
const REFRESH_MS = 1_000;
/** A replica that was not heard of for so long is gone. */
const REPLICA_TTL_MS = 10_000;
/** Calls made alone that are reported in one step at most. */
const MAX_REPORTED = 1_000;

/**
 * keys: window, replicas · args: limit, window, replica, its time to live, id of the call or "", then ids and ages of calls made
 * alone · whether it was granted, calls in the window, replicas, milliseconds until a call will be free.
 *
 * The time is that of Redis, so the clocks of the replicas do not matter. Calls in its future are left over from a clock that was set
 * back: without their removal they would block the budget until then.
 */
const SPEND = createScript(`
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[1])
local window = tonumber(ARGV[2])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - window)
redis.call("ZREMRANGEBYSCORE", KEYS[1], now + 1000, "+inf")
for n = 6, #ARGV, 2 do redis.call("ZADD", KEYS[1], "NX", now - ARGV[n + 1], ARGV[n]) end
redis.call("ZADD", KEYS[2], now, ARGV[3])
redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", now - ARGV[4])
local used = redis.call("ZCARD", KEYS[1])
local granted = 0
local wait = 0
if ARGV[5] ~= "" then
  if used < limit then
    redis.call("ZADD", KEYS[1], now, ARGV[5])
    used = used + 1
    granted = 1
  else
    local leaving = redis.call("ZRANGE", KEYS[1], used - limit, used - limit, "WITHSCORES")
    wait = leaving[2] + window - now
  end
end
redis.call("PEXPIRE", KEYS[1], window)
redis.call("PEXPIRE", KEYS[2], ARGV[4])
return { granted, used, redis.call("ZCARD", KEYS[2]), wait }
`);
const spent = z.tuple([z.number(), z.number(), z.number(), z.number()]);

function requirePositiveInteger(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  return value;
}

/**
 * Creates the budget and begins to listen to the other replicas.
 *
 * With Redis the limit holds exactly. While Redis is away from all `n` replicas it is passed by less than `n` calls, and by
 * what others spent within the last second before it went. A call whose outcome is unknown counts as spent.
 *
 * @throws RangeError when a number is not a whole number of at least 1.
 */
export function createSharedRequestBudget(options: SharedRequestBudgetOptions): SharedRequestBudget {
  const { redis, name, clock, timers } = options;
  const limit = requirePositiveInteger("perMinute", options.perMinute ?? 28);
  const expectedReplicas = requirePositiveInteger("expectedReplicas", options.expectedReplicas ?? 1);
  const replicaId = options.replicaId ?? randomUUID();
  const ledger = createBudgetLedger({ limit, windowMs: WINDOW_MS, expectedReplicas, now: () => clock.monotonic() });
  const keys = [`${PREFIX}${name}:calls`, `${PREFIX}${name}:replicas`];
  let cancelRefresh: (() => void) | undefined;
  let isClosed = false;

  /** @param id of the call to spend, or "" to listen and report alone. */
  async function ask(id: string): Promise<{ readonly isGranted: boolean; readonly waitMs: number }> {
    const reported = ledger.unshared().slice(0, MAX_REPORTED);
    const args = [limit, WINDOW_MS, replicaId, REPLICA_TTL_MS, id, ...reported.flatMap((call) => [call.id, Math.round(call.ageMs)])];
    const [granted, used, replicas, waitMs] = spent.parse(await redis.write((driver) => SPEND(driver, keys, args)));
    if (granted === 1) ledger.addShared(id);
    ledger.learn(
      { used, replicas },
      reported.map((call) => call.id),
    );
    return { isGranted: granted === 1, waitMs };
  }

  async function refresh(): Promise<void> {
    cancelRefresh?.();
    try {
      await ask("");
    } catch {
      // Nobody asked for this one; whatever is wrong, the next caller hears of it.
    } finally {
      cancelRefresh?.();
      if (!isClosed) cancelRefresh = timers.set(REFRESH_MS, () => void refresh());
    }
  }

  const unsubscribe = redis.onReady(() => void refresh());
  void refresh();

  return {
    async spend(signal) {
      signal.throwIfAborted();
      const id = randomUUID();
      try {
        const { isGranted, waitMs } = await ask(id);
        if (!isGranted) throw budgetSpent(waitMs);
      } catch (error) {
        if (!isAway(error)) throw error;
        ledger.spendAlone(id);
      }
      signal.throwIfAborted();
    },
    remaining: () => ledger.remaining(redis.state() !== "ready"),
    close() {
      isClosed = true;
      unsubscribe();
      cancelRefresh?.();
    },
  };
}

function isAway(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}
