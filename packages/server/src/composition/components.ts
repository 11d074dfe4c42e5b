/** What `/health/detailed` asks each component. */
import type { CircuitBreaker } from "@rag-personal/core";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { Config } from "../config.ts";
import type { Component } from "../health.ts";
import type { VectorParts } from "../index-administration.ts";
import type { ConfiguredSecrets } from "./configured-secrets.ts";
import type { LanguageModel } from "./language-model.ts";
import type { LocalModels } from "./local-models.ts";
import type { RetrievalParts } from "./retrieval.ts";
import type { SharedState } from "./shared-state.ts";

/** So long a change of another server may wait before that is a fault; a large one takes its time. */
const LAGGING_MS = 30_000;

export function describeComponents(
  config: Config,
  parts: {
    readonly configured: Pick<ConfiguredSecrets, "describePrevious">;
    readonly stores: PostgresStores;
    readonly retrieval: Pick<RetrievalParts, "index" | "follower" | "vectors" | "models">;
    readonly shared: SharedState;
    readonly breaker: CircuitBreaker;
    readonly language: LanguageModel | undefined;
  },
): Readonly<Record<string, Component>> {
  const { configured, stores, breaker, language } = parts;
  const { index, follower, vectors, models } = parts.retrieval;
  const { redis, cacheRedis, sessions } = parts.shared;
  return {
    postgres: { adapter: config.DATABASE_URL === undefined ? "pglite" : "postgres", check: () => stores.ping() },
    ...(redis === undefined ? {} : { redis: { adapter: "redis", check: () => redis.ping() } }),
    ...(cacheRedis === undefined || cacheRedis === redis ? {} : { cache: { adapter: "redis", check: () => cacheRedis.ping() } }),
    index: {
      adapter: "in-process",
      async check() {
        const { documents, chunks, dimensions } = index.stats();
        const lagMs = follower?.status().lagMs ?? 0;
        if (lagMs > LAGGING_MS) throw new Error(`what other servers changed in the last ${Math.round(lagMs / 1_000)} s is not known here`);
        return `${documents} documents, ${chunks} chunks, ${dimensions} semantic dimensions`;
      },
    },
    ...(vectors === undefined
      ? {}
      : { vectors: { adapter: config.CHROMA_URL === undefined ? "in-process" : "chroma", check: () => describeVectors(vectors) } }),
    ...(models.embedder && { embedder: { adapter: "transformers", check: () => describeModel(models.embedder) } }),
    ...(models.reranker && { reranker: { adapter: "transformers", check: () => describeModel(models.reranker) } }),
    sessions: {
      adapter: redis === undefined ? "postgres" : "redis",
      async check() {
        const { isActive, unsaved } = sessions.status();
        if (isActive) throw new Error(`in memory, ${unsaved} not yet stored`);
        return "stored";
      },
    },
    ...(configured.describePrevious() && { previousSecrets: { adapter: "configuration", check: async () => configured.describePrevious() } }),
    languageModel: {
      adapter: language?.adapter ?? "extractive",
      async check() {
        if (breaker.state() === "OPEN") throw new Error("circuit breaker OPEN");
        return language === undefined ? "answers are quotations" : `circuit breaker ${breaker.state()}`;
      },
    },
  };
}

async function describeVectors({ index, store }: VectorParts): Promise<string> {
  const version = await store.ping();
  const { state, problem, live, chunks, missing } = index.status();
  if (problem !== undefined) throw new Error(problem);
  if (live === undefined) return `${version}, ${state}`;
  return `${version}, generation ${live.generation} made with ${live.embedderId}, ${missing ?? "unknown"} of ${chunks} chunks missing`;
}

async function describeModel(model: LocalModels["embedder"] | LocalModels["reranker"]): Promise<string> {
  const status = model?.status();
  if (status?.isReady !== true) throw new Error(status?.reason ?? "not loaded");
  return `${model?.id}, ${status.waiting} texts waiting, loaded anew ${status.restarts} times`;
}
