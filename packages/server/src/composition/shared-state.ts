/** What several servers may share: sessions, cached answers and the budget of the language model, in Redis or without it. */
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
}

const CACHED_ANSWERS = 1_000;
/** What another server or an operator cleared in Redis may be answered from this process for so long. */
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
  if (config.REDIS_URL === undefined) {
    return {
      sessions: fallback(ownSessions),
      cache: createResponseCache({ maxEntries: CACHED_ANSWERS, clock }),
      budget: budgetOver(createCallWindow({ clock, ...limits })),
      createKeyBudget: undefined,
      redis: undefined,
    };
  }
  const redis = connectRedis({ url: config.REDIS_URL, log, clock, timers, random: Math.random, commandTimeoutMs: config.REDIS_TIMEOUT_MS });
  opened.add(() => redis.close());
  const sessions = fallback(createRedisSessionStore({ redis, ttlMs: config.SESSION_TTL_DAYS * DAY_MS }));
  redis.onReady(() => void sessions.retryNow());
  const window = createSharedCallWindow({ redis, name: "llm", clock, timers, ...limits, expectedReplicas: config.EXPECTED_REPLICAS });
  opened.add(async () => window.close());
  const cache = createTieredResponseCache({
    near: createResponseCache({ maxEntries: CACHED_ANSWERS, maxAgeMs: NEAR_CACHE_MS, clock }),
    far: createRedisResponseCache({ redis, ttlMs: config.CACHE_TTL_DAYS * DAY_MS }),
  });
  const keyBudgets = createSharedOperationBudgets({ redis, clock, expectedReplicas: config.EXPECTED_REPLICAS });
  opened.add(async () => keyBudgets.close());
  return { sessions, cache, budget: budgetOver(window), createKeyBudget: keyBudgets.createBudget, redis };
}
