/** Metrics in Prometheus' format. Labels are closed sets or route patterns, and requests are bounded, so there are 2,000 series at most. */
import type { FallbackStatus, Telemetry, VectorIndexStatus } from "@rag-personal/core";
import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { IngestionJob } from "../../ingestion-job.ts";
import type { ModelOutcome, ModelRefusal } from "../../measured-chat-model.ts";
import type { RotatedSecret } from "../../security/secret-overlap.ts";
import type { RequestMetrics } from "../../services.ts";
import { registerIngestion } from "./ingestion-metrics.ts";
import { registerPreviousSecrets } from "./previous-secret-metrics.ts";
import { registerCounts, registerGauges, registerState } from "./read-gauges.ts";
import { registerRequests } from "./request-series.ts";

/** What the server tells the gauges when they are read. */
export interface MetricSources {
  /** 0 = CLOSED, 1 = OPEN, 2 = HALF_OPEN. */
  readonly breakerState: () => number;
  /** Calls to the model and tokens that its budget still allows in this minute, and who waits for it; tokens are undefined when they are not counted. */
  readonly callBudget: () => { readonly calls: number; readonly tokens: number | undefined; readonly waiting: number };
  readonly indexedChunks: () => number;
  /** Absent where no vectors are kept. */
  readonly vectors: (() => Pick<VectorIndexStatus, "state" | "live" | "chunks" | "missing">) | undefined;
  /** Feedback on disk that the store has not taken yet. */
  readonly feedbackWaiting: () => number;
  readonly sessions: () => FallbackStatus;
  /** Whether PostgreSQL answered when it was asked last; undefined before. */
  readonly isDatabaseUp: () => boolean | undefined;
  /** Absent with the embedded database. */
  readonly isDatabaseSilent: (() => boolean) | undefined;
  /** Absent without a Redis. */
  readonly redis: (() => { readonly state: string; readonly inFlight: number; readonly timeouts: number; readonly connects: number }) | undefined;
  /** Of the Redis that keeps cached answers; absent where they are in memory alone. */
  readonly cacheRedisState: (() => string) | undefined;
  /** Requests that came with a secret of before the last rotation, and until when, in seconds since the epoch, those are good; 0: not at all. */
  readonly previousSecrets: () => { readonly uses: Readonly<Record<RotatedSecret, number>>; readonly until: number };
  /** Of the disk that the data folder lies on; undefined where the system does not tell. */
  readonly disk: () => { readonly freeBytes: number; readonly sizeBytes: number } | undefined;
  /** Seconds: ends of the last backup and drill since the epoch, 0 for never, and what the drill measured. */
  readonly operations: () => {
    readonly lastBackup: number;
    readonly lastDrill: number;
    readonly rto: number | undefined;
    readonly rpo: number | undefined;
  };
}

export interface Metrics extends RequestMetrics, Telemetry {
  breakerTransition(from: string, to: string): void;
  /** A call of the model has ended. */
  modelCalled(seconds: number, outcome: ModelOutcome): void;
  /** A call of the model was refused before it was made. */
  modelRefused(by: ModelRefusal): void;
  ingested(job: Pick<IngestionJob, "state" | "counts">): void;
}

/** Those of the breaker's table; by hand it may also be closed from OPEN. */
const BREAKER_TRANSITIONS = [
  ["CLOSED", "OPEN"],
  ["OPEN", "HALF_OPEN"],
  ["HALF_OPEN", "CLOSED"],
  ["HALF_OPEN", "OPEN"],
] as const;

const MODEL_OUTCOMES = ["success", "failed", "timeout", "rate_limited", "circuit_open", "budget_spent"] as const satisfies (
  | ModelOutcome
  | ModelRefusal
)[];

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const observe = registerRequests(registry);
  const ingested = registerIngestion(registry);
  const llm = new Histogram({
    name: "rag_llm_latency_seconds",
    help: "Time of one call to the language model, to its last token.",
    labelNames: ["outcome"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    registers,
  });
  const llmRequests = new Counter({
    name: "rag_llm_requests_total",
    help: "Calls to the language model by outcome; circuit_open and budget_spent never reached it.",
    labelNames: ["outcome"],
    registers,
  });
  const cacheHits = new Counter({ name: "rag_cache_hits_total", help: "Answers taken from the response cache.", labelNames: ["cache"], registers });
  const transitions = new Counter({
    name: "rag_circuit_breaker_transitions_total",
    help: "Transitions of the circuit breaker in front of the language model.",
    labelNames: ["from", "to"],
    registers,
  });
  const stages = new Histogram({
    name: "rag_stage_duration_seconds",
    help: "Time of one step of the answer pipeline.",
    labelNames: ["stage"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const dropped = new Counter({
    name: "rag_citations_dropped_total",
    help: "Citations that did not match the stored text and were not sent.",
    registers,
  });
  const answers = new Counter({ name: "rag_answers_total", help: "Answers by outcome.", labelNames: ["outcome"], registers });
  // What has not happened yet reads 0: a series that only begins with its first event hides that event from `increase()`.
  for (const cache of ["response", "similar", "flight"]) cacheHits.inc({ cache }, 0);
  for (const [from, to] of BREAKER_TRANSITIONS) transitions.inc({ from, to }, 0);
  for (const outcome of ["success", "error"]) llm.zero({ outcome });
  for (const outcome of MODEL_OUTCOMES) llmRequests.inc({ outcome }, 0);
  for (const outcome of ["extractive", "model", "refused", "failed"]) answers.inc({ outcome }, 0);
  registerGauges(registry, [
    ["rag_circuit_breaker_state", "State of the circuit breaker: 0 CLOSED, 1 OPEN, 2 HALF_OPEN.", sources.breakerState],
    ["rag_rate_limit_remaining", "Calls to the language model left in the current minute.", () => sources.callBudget().calls],
    ["rag_rate_limit_waiting", "Callers that wait for their turn with the language model.", () => sources.callBudget().waiting],
    // Without a limit there is always room.
    [
      "rag_rate_limit_tokens_remaining",
      "Tokens of the language model left in the current minute; +Inf when they are not counted.",
      () => sources.callBudget().tokens ?? Number.POSITIVE_INFINITY,
    ],
    ["rag_indexed_chunks", "Chunks that can be found.", sources.indexedChunks],
    ["rag_session_fallback_active", "1 while sessions go on in memory because their store is away.", () => Number(sources.sessions().isActive)],
    ["rag_sessions_unsaved", "Sessions of which the last turns stand in memory alone.", () => sources.sessions().unsaved],
    ["rag_feedback_waiting", "Feedback kept on disk until its store is back.", sources.feedbackWaiting],
    ["rag_postgres_up", "1 while PostgreSQL answers this server, 0 while it does not.", () => asNumber(sources.isDatabaseUp())],
    ["rag_disk_free_bytes", "Room left on the disk of the data folder.", () => sources.disk()?.freeBytes],
    ["rag_disk_size_bytes", "Size of the disk of the data folder.", () => sources.disk()?.sizeBytes],
    ["rag_backup_last_success_timestamp_seconds", "End of the last backup that can be restored; 0 for never.", () => sources.operations().lastBackup],
    ["rag_drill_last_success_timestamp_seconds", "End of the last drill that succeeded; 0 for never.", () => sources.operations().lastDrill],
    ["rag_drill_rto_seconds", "How long the last drill took to restore everything.", () => sources.operations().rto],
    ["rag_drill_rpo_seconds", "Age of the newest data that the last drill restored.", () => sources.operations().rpo],
  ]);
  registerCounts(registry, [
    ["rag_sessions_moved_back_total", "Sessions moved back to their store after it returned.", () => sources.sessions().moved],
    ["rag_sessions_lost_total", "Sessions that memory let go before their store returned.", () => sources.sessions().lost],
  ]);
  registerPreviousSecrets(registry, sources.previousSecrets);
  if (sources.vectors !== undefined) registerVectors(registry, sources.vectors);
  const { isDatabaseSilent } = sources;
  if (isDatabaseSilent !== undefined) {
    registerGauges(registry, [
      ["rag_postgres_silent", "1 while PostgreSQL gives no answer and calls to it are refused at once.", () => Number(isDatabaseSilent())],
    ]);
  }
  if (sources.redis !== undefined) registerRedis(registry, sources.redis);
  const { cacheRedisState } = sources;
  if (cacheRedisState !== undefined) {
    registerGauges(registry, [
      [
        "rag_cache_redis_up",
        "1 while the Redis of the cached answers answers this server, 0 while every answer is made anew.",
        () => Number(REDIS_ANSWERS.has(cacheRedisState())),
      ],
    ]);
  }

  const stageSeries = new Map<string, Histogram.Internal<"stage">>();
  return {
    observe,
    ingested,
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    stage(stage, durationMs) {
      const series = stageSeries.get(stage) ?? stages.labels({ stage });
      stageSeries.set(stage, series);
      series.observe(durationMs / 1000);
    },
    citationDropped: () => dropped.inc(),
    answered: (outcome) => answers.inc({ outcome }),
    cacheHit: (kind) => cacheHits.inc({ cache: kind }),
    breakerTransition: (from, to) => transitions.inc({ from, to }),
    modelCalled(seconds, outcome) {
      llm.observe({ outcome: outcome === "success" ? "success" : "error" }, seconds);
      llmRequests.inc({ outcome });
    },
    modelRefused: (by) => llmRequests.inc({ outcome: by }),
  };
}

const asNumber = (fact: boolean | undefined): number | undefined => (fact === undefined ? undefined : Number(fact));

const VECTOR_STATES = ["waiting", "building", "serving", "away", "refused"];

function registerVectors(registry: Registry, read: NonNullable<MetricSources["vectors"]>): void {
  registerState(registry, "rag_vectors_state", "1 for the state that the vectors are in.", VECTOR_STATES, () => read().state);
  registerGauges(registry, [
    ["rag_vectors_generation", "Generation of the vectors that answers; 0 for none.", () => read().live?.generation ?? 0],
    ["rag_vectors_missing", "Chunks without a vector; all of them while that is unknown.", () => read().missing ?? read().chunks],
  ]);
}

const REDIS_STATES = ["ready", "unwritable", "loading", "denied", "away", "closed"];
/** In these it carries out what it can. */
const REDIS_ANSWERS = new Set(["ready", "unwritable"]);

function registerRedis(registry: Registry, read: NonNullable<MetricSources["redis"]>): void {
  registerState(registry, "rag_redis_state", "1 for the state that the connection to Redis is in.", REDIS_STATES, () => read().state);
  registerGauges(registry, [
    ["rag_redis_up", "1 while Redis answers this server, 0 while it does not.", () => Number(REDIS_ANSWERS.has(read().state))],
    ["rag_redis_commands_inflight", "Calls to Redis under way.", () => read().inFlight],
  ]);
  registerCounts(registry, [
    ["rag_redis_timeouts_total", "Calls to Redis without an answer in time.", () => read().timeouts],
    ["rag_redis_connects_total", "Connections to Redis made.", () => read().connects],
  ]);
}
