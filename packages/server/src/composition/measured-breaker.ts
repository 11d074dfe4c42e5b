/** The metrics and the circuit breaker of the language model: each tells of the other. */
import { type BreakerState, type CircuitBreaker, createCircuitBreaker } from "@rag-personal/core";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import { createMetrics, type MetricSources, type Metrics } from "../adapters/prometheus/metrics.ts";
import type { Config } from "../config.ts";
import type { SpooledFeedbackStore } from "../spooled-feedback.ts";
import type { ConfiguredSecrets } from "./configured-secrets.ts";
import type { RetrievalParts } from "./retrieval.ts";
import type { SharedState } from "./shared-state.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock } from "./time.ts";

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };

/** @param parts.monitoring what is looked at beside the server's work. */
export function createMeasuredBreaker(
  config: Pick<Config, "DATABASE_URL">,
  parts: {
    readonly stores: Pick<PostgresStores, "isSilent">;
    readonly feedback: Pick<SpooledFeedbackStore, "waiting">;
    readonly retrieval: Pick<RetrievalParts, "index" | "follower" | "vectors">;
    readonly shared: SharedState;
    readonly configured: Pick<ConfiguredSecrets, "previousUse">;
    readonly monitoring: Pick<MetricSources, "isDatabaseUp" | "disk" | "operations">;
  },
  { log }: Pick<Surroundings, "log">,
): { readonly metrics: Metrics; readonly breaker: CircuitBreaker } {
  const { stores, feedback, configured, monitoring } = parts;
  const { index, follower, vectors } = parts.retrieval;
  const { sessions, budget, redis, cacheRedis } = parts.shared;
  const breaker = createCircuitBreaker({
    clock,
    onTransition: ({ from, to }) => {
      metrics.breakerTransition(from, to);
      log.warn({ from, to }, "circuit breaker of the language model");
    },
  });
  const metrics = createMetrics({
    breakerState: () => BREAKER_GAUGE[breaker.state()],
    callBudget: () => ({ ...budget.remaining(), waiting: budget.waiting() }),
    indexedChunks: () => index.stats().chunks,
    vectors: vectors && (() => vectors.index.status()),
    feedbackWaiting: () => feedback.waiting(),
    sessions: () => sessions.status(),
    isDatabaseSilent: config.DATABASE_URL === undefined ? undefined : () => stores.isSilent(),
    recordFollower: follower?.status,
    redis: redis && (() => ({ state: redis.state(), ...redis.stats() })),
    cacheRedisState: cacheRedis && (() => cacheRedis.state()),
    previousSecrets: configured.previousUse,
    ...monitoring,
  });
  return { metrics, breaker };
}
