/** What several servers may share: sessions, cached answers and the budget of the language model, in Redis or without it. */
import { randomUUID } from "node:crypto";
import {
  type CallBudget,
  type CallWindow,
  createCallBudget,
  createCallWindow,
  createFallbackSessionStore,
  createResponseCache,
  createTieredResponseCache,
  type FallbackSessionStore,
  type ResponseCache,
  type SessionStore,
} from "@rag-personal/core";
import { watchCacheEpoch } from "../adapters/redis/cache-epoch.ts";
import { createSharedCallWindow } from "../adapters/redis/call-window.ts";
import { connectRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { createSharedOperationBudgets } from "../adapters/redis/operation-budgets.ts";
import { createRedisResponseCache } from "../adapters/redis/response-cache.ts";
import { createRedisSessionStore } from "../adapters/redis/session-store.ts";
import type { Config } from "../config.ts";
import type { CreateBudget } from "../security/operation-budget.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

export interface SharedState {
  /** Go on in memory while their store is away. */
  readonly sessions: FallbackSessionStore;
  readonly cache: ResponseCache;
  readonly budget: CallBudget;
  /** Absent without Redis: budgets of API keys are kept in this process then. */
  readonly createKeyBudget: CreateBudget | undefined;
  /** Absent without `REDIS_URL`. */
  readonly redis: RedisConnection | undefined;
  /** That of the cached answers: another one with `REDIS_CACHE_URL`; absent where they are in memory alone. */
  readonly cacheRedis: RedisConnection | undefined;
}

const CACHED_ANSWERS = 1_000;
/** What Redis has lost may be answered from this process for so long; what was cleared there, for a second. */
const NEAR_CACHE_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** Copies of the sessions used last, for when their store is away: about 20 MB at most. */
const SESSION_MEMORY = { maxSessions: 2_000, maxChars: 10_000_000 };

/** @param ownSessions where sessions are kept without Redis. */
export function openSharedState(config: Config, ownSessions: SessionStore, opened: OpenedParts, { log }: Surroundings): SharedState {
  const fallback = (primary: SessionStore): FallbackSessionStore => {
    const sessions = createFallbackSessionStore({ primary, clock, timers, log: (message, fields) => log.warn(fields, message), ...SESSION_MEMORY });
    opened.add(() => sessions.close());
    return sessions;
  };
  const budgetOver = (window: CallWindow): CallBudget =>
    createCallBudget({ window, clock, timers, maxWaitMs: config.LLM_BUDGET_WAIT_MS, maxWaiting: config.LLM_BUDGET_QUEUE });
  const limits = { perMinute: config.LLM_REQUESTS_PER_MINUTE, tokensPerMinute: config.LLM_TOKENS_PER_MINUTE || undefined };
  const connect = (setting: "REDIS_URL" | "REDIS_CACHE_URL", url: string): RedisConnection => {
    const connection = connectRedis({ url, setting, log, clock, timers, random: Math.random, commandTimeoutMs: config.REDIS_TIMEOUT_MS });
    opened.add(() => connection.close());
    return connection;
  };
  const redis = config.REDIS_URL === undefined ? undefined : connect("REDIS_URL", config.REDIS_URL);
  const cacheUrl = config.REDIS_CACHE_URL ?? config.REDIS_URL;
  const cacheRedis = cacheUrl === undefined || cacheUrl === config.REDIS_URL ? redis : connect("REDIS_CACHE_URL", cacheUrl);
  const cache = openCache(config, cacheRedis, opened, log);
  if (redis === undefined) {
    return {
      sessions: fallback(ownSessions),
      cache,
      budget: budgetOver(createCallWindow({ clock, ...limits })),
      createKeyBudget: undefined,
      redis,
      cacheRedis,
    };
  }
  const sessions = fallback(createRedisSessionStore({ redis, ttlMs: config.SESSION_TTL_DAYS * DAY_MS }));
  redis.onReady(() => void sessions.retryNow());
  const window = createSharedCallWindow({ redis, name: "llm", clock, timers, ...limits, expectedReplicas: config.EXPECTED_REPLICAS });
  opened.add(async () => window.close());
  const keyBudgets = createSharedOperationBudgets({ redis, clock, expectedReplicas: config.EXPECTED_REPLICAS });
  opened.add(async () => keyBudgets.close());
  return { sessions, cache, budget: budgetOver(window), createKeyBudget: keyBudgets.createBudget, redis, cacheRedis };
}

function openCache(config: Config, redis: RedisConnection | undefined, opened: OpenedParts, log: Surroundings["log"]): ResponseCache {
  if (redis === undefined) return createResponseCache({ maxEntries: CACHED_ANSWERS, clock });
  const near = createResponseCache({ maxEntries: CACHED_ANSWERS, maxAgeMs: NEAR_CACHE_MS, clock });
  const epoch = watchCacheEpoch({
    redis,
    timers,
    newId: randomUUID,
    onCleared: () => void near.clear().then(() => log.info({}, "the cached answers were cleared in Redis; those in memory are forgotten too")),
    onError: (error) => log.warn({ err: error }, "whether the cached answers were cleared in Redis cannot be seen"),
  });
  opened.add(async () => epoch.stop());
  return createTieredResponseCache({ near, far: createRedisResponseCache({ redis, ttlMs: config.CACHE_TTL_DAYS * DAY_MS }) });
}
