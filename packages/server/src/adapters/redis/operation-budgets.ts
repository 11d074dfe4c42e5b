/** Budgets of API keys that all replicas share through Redis, and each keeps its part of while Redis is away. */
import { type Clock, RagError } from "@rag-personal/core";
import * as z from "zod";
import type { Budget } from "../../policy.ts";
import {
  type CreateBudget,
  createOperationWindow,
  type LimitedWindow,
  limitedWindows,
  operationsSpent,
  SLICES,
} from "../../security/operation-budget.ts";
import type { RedisConnection } from "./connection.ts";
import { createScript } from "./script.ts";

/** Options of {@link createSharedOperationBudgets}. */
export interface SharedOperationBudgetsOptions {
  readonly redis: Pick<RedisConnection, "write" | "onReady">;
  readonly clock: Pick<Clock, "monotonic">;
  /** Replicas that share what is left while Redis is away. Default 1. */
  readonly expectedReplicas?: number;
}

export interface SharedOperationBudgets {
  readonly createBudget: CreateBudget;
  /** Stops listening to Redis. */
  close(): void;
}

const PREFIX = "rag:key-budget:";

/**
 * keys: one hash for each window · args: slices in a window, 1 to spend or 0 to report alone, for each window its limit, its length, how many
 * reports follow, and for each of these an age and a count · milliseconds to wait, and what is used of each window.
 *
 * A hash counts by the number of the slice, by the clock of Redis. A slice counts until all of it has left the window.
 */
const SPEND = createScript(`
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slices = tonumber(ARGV[1])
local wait = 0
local answer = { 0 }
local current = {}
local at = 3
for w, key in ipairs(KEYS) do
  local limit = tonumber(ARGV[at])
  local length = tonumber(ARGV[at + 1])
  local size = length / slices
  current[w] = math.floor(now / size)
  local reports = tonumber(ARGV[at + 2])
  at = at + 3
  for _ = 1, reports do
    redis.call("HINCRBY", key, math.floor((now - ARGV[at]) / size), ARGV[at + 1])
    at = at + 2
  end
  local total = 0
  local oldest = nil
  local counts = redis.call("HGETALL", key)
  for n = 1, #counts, 2 do
    local number = tonumber(counts[n])
    if (number + slices + 1) * size <= now or number > current[w] + 1 then
      redis.call("HDEL", key, counts[n])
    else
      total = total + counts[n + 1]
      if oldest == nil or number < oldest then oldest = number end
    end
  end
  if total >= limit then wait = math.max(wait, math.ceil((oldest + slices + 1) * size - now)) end
  redis.call("PEXPIRE", key, math.ceil(length + size))
  answer[w + 1] = total
end
if ARGV[2] == "1" and wait <= 0 then
  for w, key in ipairs(KEYS) do
    local length = tonumber(ARGV[at + w - 1])
    redis.call("HINCRBY", key, current[w], 1)
    redis.call("PEXPIRE", key, length)
    answer[w + 1] = answer[w + 1] + 1
  end
end
answer[1] = wait
return answer
`);
const answered = z.tuple([z.number()], z.number());

/** A window as one replica knows it. */
function createKnownWindow({ limit, lengthMs }: LimitedWindow, replicas: number) {
  let used = 0;
  let heardAt = Number.NEGATIVE_INFINITY;
  let now = 0;
  const part = (): number => Math.max(0, Math.ceil((limit - (heardAt + lengthMs * (1 + 1 / SLICES) > now ? used : 0)) / replicas));
  const alone = createOperationWindow(part, lengthMs);
  return {
    limit,
    lengthMs,
    alone,
    waitMs(time: number): number {
      now = time;
      return alone.waitMs(time);
    },
    learn(total: number, time: number): void {
      used = total;
      heardAt = time;
    },
  };
}

/**
 * Creates the budgets of all keys. With Redis each limit holds for all replicas together, in one round trip; while Redis is away, each of `n`
 * replicas may spend `ceil((limit - used) / n)` of what was left when it last asked, and reports that as soon as Redis is back.
 * What others spent after it last asked is unknown to it. An operation
 * that Redis gave no answer to counts, and may count twice: the error is on the safe side.
 *
 * @throws RangeError when `expectedReplicas` is not a whole number of at least 1.
 */
export function createSharedOperationBudgets(options: SharedOperationBudgetsOptions): SharedOperationBudgets {
  const { redis, clock } = options;
  const replicas = options.expectedReplicas ?? 1;
  if (!Number.isInteger(replicas) || replicas < 1) throw new RangeError(`expectedReplicas must be a whole number of at least 1, not ${replicas}`);
  /** Those with something to report. */
  const unreported = new Set<() => Promise<unknown>>();

  function createBudget(id: string, limits: Parameters<CreateBudget>[1]): Budget | undefined {
    const windows = limitedWindows(limits).map((window) => createKnownWindow(window, replicas));
    if (windows.length === 0) return undefined;
    const keys = windows.map(({ lengthMs }) => `${PREFIX}${id}:${lengthMs}`);
    const report = (): Promise<number> => ask(0);

    /** @returns milliseconds to wait; 0 when it was spent. */
    async function ask(spends: 0 | 1): Promise<number> {
      const reports = windows.map(({ alone }) => alone.takeAll(clock.monotonic()));
      const args = windows.flatMap(({ limit, lengthMs }, at) => {
        const told = reports[at] ?? [];
        return [limit, lengthMs, told.length, ...told.flatMap(({ ageMs, count }) => [Math.round(ageMs), count])];
      });
      const lengths = windows.map(({ lengthMs }) => lengthMs);
      try {
        const [waitMs, ...used] = answered.parse(await redis.write((driver) => SPEND(driver, keys, [SLICES, spends, ...args, ...lengths])));
        unreported.delete(report);
        for (const [at, window] of windows.entries()) window.learn(used[at] ?? 0, clock.monotonic());
        return Math.max(0, waitMs);
      } catch (error) {
        // Redis may have noted it or not.
        const now = clock.monotonic();
        for (const [at, { alone }] of windows.entries())
          for (const { ageMs, count } of reports[at] ?? []) for (let each = 0; each < count; each += 1) alone.count(now - ageMs);
        throw error;
      }
    }

    return {
      async spend() {
        let waitMs: number;
        try {
          waitMs = await ask(1);
        } catch (error) {
          if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
          const now = clock.monotonic();
          waitMs = Math.max(...windows.map((window) => window.waitMs(now)));
          if (waitMs === 0) {
            for (const { alone } of windows) alone.count(now);
            unreported.add(report);
          }
        }
        if (waitMs > 0) throw operationsSpent(waitMs);
      },
    };
  }

  const unsubscribe = redis.onReady(() => {
    // What cannot be reported now goes along with the next operation of its key.
    for (const report of unreported) report().catch(() => undefined);
  });
  return { createBudget, close: unsubscribe };
}
