/** The wiring of a worker at the edge: the same app over what a worker has. */
import {
  type AnswerServices,
  answerInConversation,
  answerQuestion,
  createAnalyzer,
  createCircuitBreaker,
  createMemorySessionStore,
  createResponseCache,
  createRetriever,
  createSimilarQuestions,
  createSpaceEmbedder,
  RagError,
} from "@rag-personal/core";
import { createApp } from "../app.ts";
import { createConfinedReading } from "../confinement.ts";
import { createConfiguredAdmin } from "../edge/configured-admin.ts";
import type { EdgeConfig } from "../edge/edge-config.ts";
import { fetchWithoutRedirects } from "../edge/fetch-without-redirects.ts";
import { createIndependentBudget, independentFlight, independentTurns } from "../edge/independent-requests.ts";
import { type Knowledge, openKnowledge } from "../edge/knowledge.ts";
import { refuse, refuseLater } from "../edge/not-supported.ts";
import { sameSecret } from "../edge/same-secret.ts";
import { createSnapshotLoading } from "../edge/snapshot-loading.ts";
import type { LoadSnapshot } from "../edge/snapshot-source.ts";
import { createHealth } from "../health.ts";
import type { Log } from "../log.ts";
import { createAuthenticator } from "../security/authenticator.ts";
import { createLoginThrottle } from "../security/login-throttle.ts";
import { acceptPreviousKey, createSecretOverlap } from "../security/secret-overlap.ts";
import type { AppServices } from "../services.ts";
import { previousSecretsOf } from "../settings/shared.ts";
import { readSnapshot } from "../snapshot/snapshot-format.ts";
import { sha256 } from "../web-digest.ts";
import { createLanguageModel } from "./language-model.ts";
import { clock, timers } from "./time.ts";

/** A worker has some 128 MB for everything. */
const CACHED_ANSWERS = 200;
const SESSIONS = { maxSessions: 1_000, maxChars: 4_000_000 };
/** Less than the time that a worker is left to end what it has begun. */
const STREAM_WRITE_TIMEOUT_MS = 20_000;
const NOT_LOADED = { documents: 0, chunks: 0, terms: 0, termSpace: 0, dimensions: 0, generation: 0 };

export interface EdgeApplication {
  readonly fetch: ReturnType<typeof createApp>["fetch"];
  /** Resolves when the snapshot is loaded, or could not be. */
  load(): Promise<void>;
}

interface Answering extends Knowledge {
  readonly services: AnswerServices;
}

export interface EdgeSurroundings {
  readonly loadSnapshot: LoadSnapshot;
  /** The header in which the platform tells where a request comes from. */
  readonly addressHeader: string | undefined;
  readonly log: Log;
}

export function composeEdge(config: EdgeConfig, { loadSnapshot, addressHeader, log }: EdgeSurroundings): EdgeApplication {
  const startedAt = clock.monotonic();
  const breaker = createCircuitBreaker({
    clock,
    onTransition: ({ from, to }) => log.warn({ from, to }, "circuit breaker of the language model"),
  });
  const language = createLanguageModel(config, log, fetchWithoutRedirects);
  const sessions = createMemorySessionStore(SESSIONS);
  const cache = createResponseCache({ maxEntries: CACHED_ANSWERS, clock });
  const newId = (): string => crypto.randomUUID();
  const budget = createIndependentBudget(
    { perMinute: config.LLM_REQUESTS_PER_MINUTE, tokensPerMinute: config.LLM_TOKENS_PER_MINUTE || undefined },
    { clock, timers },
  );

  async function open(signal: AbortSignal): Promise<Answering> {
    const analyzer = createAnalyzer();
    const knowledge = await openKnowledge(await readSnapshot(await loadSnapshot(signal)), analyzer);
    const { index, documents } = knowledge;
    log.info({ ...index.stats(), createdAt: knowledge.createdAt }, "snapshot loaded");
    return {
      ...knowledge,
      services: {
        retriever: createRetriever({ index }),
        documents,
        sessions,
        cache,
        turns: independentTurns,
        similarQuestions: config.CACHE_SIMILAR === "off" ? undefined : createSimilarQuestions({ maxEntries: CACHED_ANSWERS }),
        flight: independentFlight,
        telemetry: { stage() {}, citationDropped() {}, cacheHit() {}, answered() {} },
        clock,
        newId,
        digest: sha256,
        analyzer,
        indexFingerprint: () => index.fingerprint(),
        inverseDocumentFrequency: (term) => index.inverseDocumentFrequency(term),
        limits: { maxTurns: config.SESSION_MAX_TURNS, maxChars: config.SESSION_MAX_CHARS, sessionsPerPrincipal: config.SESSIONS_PER_PRINCIPAL },
        model: language && { chat: language.chat, breaker, budget, fallback: config.LLM_FALLBACK, maxTokens: config.LLM_MAX_TOKENS },
      },
    };
  }

  const snapshot = createSnapshotLoading({
    load: open,
    clock,
    timers,
    onFailure: (error) => log.error({ err: error }, "the snapshot could not be loaded"),
  });
  const overlap = createSecretOverlap({ previous: previousSecretsOf(config), clock, log });
  const previousKey = config.API_KEY_PREVIOUS;
  const isConfiguredKey = acceptPreviousKey(sameSecret(config.API_KEY), previousKey === undefined ? undefined : sameSecret(previousKey), overlap);
  const { users, tokens } = createConfiguredAdmin(config.admin, { lifetimeMinutes: config.ACCESS_TOKEN_MINUTES, nowMs: clock.now, overlap });
  const apiKeys: AppServices["apiKeys"] = {
    create: refuseLater("apiKeys"),
    list: refuseLater("apiKeys"),
    revoke: refuseLater("apiKeys"),
    async identify() {
      throw new RagError("unauthenticated", "The API key in X-API-Key is not valid.");
    },
  };
  const { report } = createHealth({
    components: {
      snapshot: {
        adapter: "snapshot",
        async check() {
          const { index, createdAt } = await snapshot.get();
          const { documents, chunks, dimensions } = index.stats();
          return `${documents} documents, ${chunks} chunks, ${dimensions} semantic dimensions, written at ${createdAt}`;
        },
      },
      sessions: { adapter: "memory", check: async () => "kept in this worker alone" },
      languageModel: {
        adapter: language?.adapter ?? "extractive",
        async check() {
          if (breaker.state() === "OPEN") throw new Error("circuit breaker OPEN");
          return language === undefined ? "answers are quotations" : `circuit breaker ${breaker.state()}`;
        },
      },
    },
    monotonic: clock.monotonic,
  });

  const services: AppServices = {
    log,
    health: {
      get isReady() {
        return snapshot.loaded !== undefined;
      },
      async requireReady() {
        await snapshot.get();
      },
      report,
    },
    metrics: { observe() {}, render: refuseLater("metrics") },
    metricsAccess: { isMonitor: async () => false },
    identifySender: (_, header) => ({ address: (addressHeader === undefined ? undefined : header(addressHeader)) ?? "unknown", isRelayed: false }),
    authenticator: createAuthenticator({ isConfiguredKey, apiKeys, tokens, users }),
    tokens,
    loginThrottle: createLoginThrottle({ monotonic: clock.monotonic }),
    users,
    apiKeys,
    ...createConfinedReading({
      async *ask(request) {
        yield* answerQuestion(request, (await snapshot.get()).services);
      },
      async *converse(request) {
        yield* answerInConversation(request, (await snapshot.get()).services);
      },
      search: async (query, options) => await (await snapshot.get()).services.retriever.retrieve(query, options),
      documents: {
        listSomeDocuments: async (listing) => await (await snapshot.get()).documents.listSomeDocuments(listing),
        getDocument: async (id) => await (await snapshot.get()).documents.getDocument(id),
      },
      embeddingModel() {
        const space = snapshot.loaded?.index.space();
        return space && { embedder: createSpaceEmbedder(space, async () => {}), isLearnt: true };
      },
    }),
    index: {
      describe: () => ({ search: snapshot.loaded?.index.stats() ?? NOT_LOADED, vectors: null, reindex: null }),
      reindex: refuse("index"),
      switchBack: refuseLater("index"),
      dropPrevious: refuseLater("index"),
      examine: refuseLater("index"),
    },
    deleteDocument: refuseLater("deletion"),
    uploads: { maxBytes: 0, takePlace: refuse("uploads"), destination: refuse("uploads"), keep: refuseLater("uploads") },
    fileReception: { body: refuseLater("uploads"), form: refuseLater("uploads") },
    makeSnapshot: refuseLater("snapshot"),
    takeBackup: refuseLater("backup"),
    sessions,
    saveFeedback: refuseLater("feedback"),
    ingestion: { start: refuseLater("ingestion"), startAnew: refuseLater("ingestion"), get: refuseLater("ingestion"), follow: refuse("ingestion") },
    resetBreaker() {
      breaker.reset();
      return breaker.state();
    },
    clearCache: () => cache.clear(),
    async statistics() {
      const { documents, chunks, terms, dimensions, generation } = (await snapshot.get()).index.stats();
      return {
        documents,
        chunks,
        terms,
        semanticDimensions: dimensions,
        indexGeneration: generation,
        feedback: { up: 0, down: 0 },
        answeredBy: language?.adapter ?? "extractive",
        uptimeSeconds: Math.floor((clock.monotonic() - startedAt) / 1_000),
      };
    },
    referenceViewer: undefined,
    allowedOrigins: config.CORS_ORIGINS,
    newId,
    now: clock.now,
    monotonic: clock.monotonic,
    limits: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      maxQuestionChars: config.MAX_QUESTION_CHARS,
      maxJsonDepth: config.MAX_JSON_DEPTH,
      streamWriteTimeoutMs: STREAM_WRITE_TIMEOUT_MS,
    },
  };
  return {
    fetch: createApp(services).fetch,
    load: async () => void (await snapshot.get().catch(() => undefined)),
  };
}
