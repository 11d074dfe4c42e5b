/** Metrics in Prometheus' format. Labels are closed sets or route patterns, so the number of series is bounded. */
import type { FallbackStatus, Telemetry, VectorIndexStatus } from "@rag-personal/core";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RequestMetrics } from "../../services.ts";

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
  /** Absent with the embedded database. */
  readonly isDatabaseSilent: (() => boolean) | undefined;
  /** Absent without a Redis. */
  readonly redis: (() => { readonly state: string; readonly inFlight: number; readonly timeouts: number; readonly connects: number }) | undefined;
}

export interface Metrics extends RequestMetrics, Telemetry {
  breakerTransition(from: string, to: string): void;
  llmLatency(seconds: number, outcome: "success" | "error"): void;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Those of the breaker's table; by hand it may also be closed from OPEN. */
const BREAKER_TRANSITIONS = [
  ["CLOSED", "OPEN"],
  ["OPEN", "HALF_OPEN"],
  ["HALF_OPEN", "CLOSED"],
  ["HALF_OPEN", "OPEN"],
] as const;

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: "http_requests_total",
    help: "HTTP requests answered.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time to answer an HTTP request; for a stream, until its head was sent.",
    labelNames: ["method", "route"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  const llm = new Histogram({
    name: "rag_llm_latency_seconds",
    help: "Time of one call to the language model, to its last token.",
    labelNames: ["outcome"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
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
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
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
  for (const outcome of ["extractive", "model", "refused", "failed"]) answers.inc({ outcome }, 0);
  for (const [name, help, read] of [
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
  ] as const) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  for (const [name, help, read] of [
    ["rag_sessions_moved_back_total", "Sessions moved back to their store after it returned.", () => sources.sessions().moved],
    ["rag_sessions_lost_total", "Sessions that memory let go before their store returned.", () => sources.sessions().lost],
  ] as const) {
    registerCount(registry, name, help, read);
  }
  if (sources.vectors !== undefined) registerVectors(registry, sources.vectors);
  const { isDatabaseSilent } = sources;
  if (isDatabaseSilent !== undefined) {
    new Gauge({
      name: "rag_postgres_silent",
      help: "1 while PostgreSQL gives no answer and calls to it are refused at once.",
      registers,
      collect() {
        this.set(Number(isDatabaseSilent()));
      },
    });
  }
  if (sources.redis !== undefined) registerRedis(registry, sources.redis);

  const stageOf = remembered((stage: string) => stages.labels({ stage }));
  const requestSeries = remembered((_key: string, { method, route, status }: Record<"method" | "route", string> & { readonly status: number }) => ({
    count: requests.labels({ method, route, status }),
    duration: durations.labels({ method, route }),
  }));

  return {
    observe({ method, route, status, durationMs }) {
      const known = METHODS.has(method) ? method : "OTHER";
      const series = requestSeries(`${known} ${status} ${route}`, { method: known, route, status });
      series.count.inc();
      series.duration.observe(durationMs / 1000);
    },
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    stage: (stage, durationMs) => stageOf(stage).observe(durationMs / 1000),
    citationDropped: () => dropped.inc(),
    answered: (outcome) => answers.inc({ outcome }),
    cacheHit: (kind) => cacheHits.inc({ cache: kind }),
    breakerTransition: (from, to) => transitions.inc({ from, to }),
    llmLatency: (seconds, outcome) => llm.observe({ outcome }, seconds),
  };
}

/** Looks a series up once: to find it by its labels costs several times as much as to count in it. There are few, as labels are closed sets. */
function remembered<Rest extends unknown[], Series>(find: (key: string, ...rest: Rest) => Series): (key: string, ...rest: Rest) => Series {
  const known = new Map<string, Series>();
  return (key, ...rest) => {
    const series = known.get(key) ?? find(key, ...rest);
    known.set(key, series);
    return series;
  };
}

/** A counter whose value is kept elsewhere. */
function registerCount(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

const VECTOR_STATES = ["waiting", "building", "serving", "away", "refused"];

function registerVectors(registry: Registry, read: NonNullable<MetricSources["vectors"]>): void {
  new Gauge({
    name: "rag_vectors_state",
    help: "1 for the state that the vectors are in.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const { state } = read();
      for (const each of VECTOR_STATES) this.set({ state: each }, Number(each === state));
    },
  });
  for (const [name, help, value] of [
    ["rag_vectors_generation", "Generation of the vectors that answers; 0 for none.", () => read().live?.generation ?? 0],
    ["rag_vectors_missing", "Chunks without a vector; all of them while that is unknown.", () => read().missing ?? read().chunks],
  ] as const) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  }
}

const REDIS_STATES = ["ready", "unwritable", "loading", "denied", "away", "closed"];

function registerRedis(registry: Registry, read: NonNullable<MetricSources["redis"]>): void {
  new Gauge({
    name: "rag_redis_state",
    help: "1 for the state that the connection to Redis is in.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const { state } = read();
      for (const each of REDIS_STATES) this.set({ state: each }, Number(each === state));
    },
  });
  new Gauge({
    name: "rag_redis_commands_inflight",
    help: "Calls to Redis under way.",
    registers: [registry],
    collect() {
      this.set(read().inFlight);
    },
  });
  registerCount(registry, "rag_redis_timeouts_total", "Calls to Redis without an answer in time.", () => read().timeouts);
  registerCount(registry, "rag_redis_connects_total", "Connections to Redis made.", () => read().connects);
}
