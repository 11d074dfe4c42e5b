/** Asking, searching and reading over everything that is stored, each principal within reach. */
import { randomUUID } from "node:crypto";
import {
  type AnswerModel,
  type AnswerServices,
  answerInConversation,
  answerQuestion,
  type CircuitBreaker,
  createSimilarQuestions,
  createSingleFlight,
  createSpaceEmbedder,
  createTurnQueue,
} from "@rag-personal/core";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { Metrics } from "../adapters/prometheus/metrics.ts";
import type { Config } from "../config.ts";
import { type ConfinedReading, createConfinedReading } from "../confinement.ts";
import type { Health } from "../health.ts";
import { measureChatModel, measureGuards } from "../measured-chat-model.ts";
import { sha256 } from "./digest.ts";
import type { LanguageModel } from "./language-model.ts";
import type { RetrievalParts } from "./retrieval.ts";
import type { SharedState } from "./shared-state.ts";
import { clock, nextTurn } from "./time.ts";

/** As many as answers are cached. */
const SIMILAR_QUESTIONS = 1_000;

interface ReadingParts {
  readonly stores: Pick<PostgresStores, "documents">;
  readonly retrieval: RetrievalParts;
  readonly shared: SharedState;
  readonly language: LanguageModel | undefined;
  readonly breaker: CircuitBreaker;
  readonly metrics: Metrics;
  readonly health: Pick<Health, "requireLoaded">;
}

export function createReading(config: Config, parts: ReadingParts): ConfinedReading {
  const { stores, health } = parts;
  const { hybridIndex, models, retriever } = parts.retrieval;
  const answering = createAnswering(config, parts);
  return createConfinedReading({
    ask(request) {
      health.requireLoaded();
      return answerQuestion(request, answering);
    },
    converse(request) {
      health.requireLoaded();
      return answerInConversation(request, answering);
    },
    async search(query, options) {
      health.requireLoaded();
      return await retriever.retrieve(query, options);
    },
    documents: stores.documents,
    embeddingModel() {
      if (models.embedder !== undefined) return { embedder: models.embedder, isLearnt: false };
      const space = hybridIndex.space();
      return space && { embedder: createSpaceEmbedder(space, nextTurn), isLearnt: true };
    },
  });
}

function createAnswering(config: Config, { stores, retrieval, shared, language, breaker, metrics }: ReadingParts): AnswerServices {
  const { analyzer, hybridIndex, models, vectors, retriever } = retrieval;
  const { sessions, cache, budget } = shared;
  const model: AnswerModel | undefined = language && {
    chat: measureChatModel(language.chat, { clock, record: metrics.modelCalled }),
    ...measureGuards({ breaker, budget }, metrics.modelRefused),
    fallback: config.LLM_FALLBACK,
    maxTokens: config.LLM_MAX_TOKENS,
  };
  return {
    retriever,
    documents: stores.documents,
    sessions,
    cache,
    turns: createTurnQueue(),
    similarQuestions: config.CACHE_SIMILAR === "off" ? undefined : createSimilarQuestions({ maxEntries: SIMILAR_QUESTIONS }),
    flight: createSingleFlight(),
    telemetry: metrics,
    clock,
    newId: randomUUID,
    digest: sha256,
    analyzer,
    indexFingerprint: () => [hybridIndex.fingerprint(), vectors?.index.fingerprint(), models.reranker?.id].join(" "),
    inverseDocumentFrequency: (term) => hybridIndex.inverseDocumentFrequency(term),
    limits: { maxTurns: config.SESSION_MAX_TURNS, maxChars: config.SESSION_MAX_CHARS, sessionsPerPrincipal: config.SESSIONS_PER_PRINCIPAL },
    model,
  };
}
