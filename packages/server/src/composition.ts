/** The only place that wires: configuration in, a running application out. */
import { randomUUID } from "node:crypto";
import {
  type AnswerModel,
  type AnswerServices,
  answerInConversation,
  answerQuestion,
  type BreakerState,
  createAnalyzer,
  createCircuitBreaker,
  createHybridIndex,
  createRetriever,
  createSimilarQuestions,
  createSingleFlight,
  createSpaceEmbedder,
  createTurnQueue,
} from "@rag-personal/core";
import { openDataDirectory } from "./adapters/data-directory/data-directory.ts";
import { openFeedbackSpool } from "./adapters/data-directory/feedback-spool.ts";
import { loadOrCreateSecrets } from "./adapters/data-directory/secrets.ts";
import { loadOrCreateServerId } from "./adapters/data-directory/server-id.ts";
import { createMetrics } from "./adapters/prometheus/metrics.ts";
import { createSwaggerUiViewer } from "./adapters/swagger-ui/viewer.ts";
import { createApp } from "./app.ts";
import { type BannerFacts, describeParts } from "./banner.ts";
import { watchAbandonedJobs } from "./composition/abandoned-jobs.ts";
import { createAccess } from "./composition/access.ts";
import { openBackupOperation } from "./composition/backups.ts";
import { describeComponents } from "./composition/components.ts";
import { createConfiguredSecrets } from "./composition/configured-secrets.ts";
import { sha256 } from "./composition/digest.ts";
import { openIngestion } from "./composition/ingestion.ts";
import { createLanguageModel } from "./composition/language-model.ts";
import { openLocalModels } from "./composition/local-models.ts";
import { openMonitoring, openTracing } from "./composition/monitoring.ts";
import { createOpenedParts, type OpenedParts } from "./composition/opened-parts.ts";
import { createRestoreSettling } from "./composition/restore-settling.ts";
import { openSearchIndex } from "./composition/search-index.ts";
import { openSharedState } from "./composition/shared-state.ts";
import { startUp } from "./composition/start-up.ts";
import { openStores } from "./composition/stores.ts";
import type { Surroundings } from "./composition/surroundings.ts";
import { clock, nextTurn, timers } from "./composition/time.ts";
import { openVectors } from "./composition/vectors.ts";
import type { Config } from "./config.ts";
import { createConfinedReading } from "./confinement.ts";
import { createDocumentDeletion } from "./document-deletion.ts";
import { ExitError } from "./exit-error.ts";
import { createHealth } from "./health.ts";
import { fileReception } from "./http/receive-file.ts";
import { createIndexAdministration } from "./index-administration.ts";
import { measureChatModel, measureGuards } from "./measured-chat-model.ts";
import { chooseSampleQuestion } from "./sample-question.ts";
import { createApiKeys } from "./security/api-keys.ts";
import { createAuthenticator } from "./security/authenticator.ts";
import { createLoginThrottle } from "./security/login-throttle.ts";
import { createPasswordHashing } from "./security/password-hashing.ts";
import { createUsers } from "./security/users.ts";
import type { AppServices } from "./services.ts";
import { makeSnapshot } from "./snapshot/make-snapshot.ts";
import { createSpooledFeedbackStore } from "./spooled-feedback.ts";
import { createUploads } from "./uploads/uploads.ts";

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };
/** How long a client may leave a streamed answer unread, in milliseconds. */
const STREAM_WRITE_TIMEOUT_MS = 30_000;
/** As many as answers are cached. */
const SIMILAR_QUESTIONS = 1_000;

/** A wired application. */
export interface Application {
  readonly fetch: ReturnType<typeof createApp>["fetch"];
  /** Resolves when questions can be answered. */
  readonly ready: Promise<void>;
  /**
   * Waits for the database, loads what is stored, becomes ready, then reads the documents folder. Resolves with what the banner tells.
   *
   * @throws ExitError when the database is of a newer version, or when the server is stopped meanwhile.
   */
  start(): Promise<Omit<BannerFacts, "address" | "startedInMs">>;
  /** Unready from now on; ends the running ingestion after the file in hand. */
  beginStop(): void;
  /** Closes everything, the outermost first. */
  close(): Promise<void>;
}

/**
 * Opens everything that keeps data and wires the application; it answers from {@link Application.start} on.
 *
 * @throws ExitError when the data folder is in use or damaged.
 */
export async function compose(config: Config, surroundings: Surroundings): Promise<Application> {
  const opened = createOpenedParts(surroundings.log);
  try {
    return await wire(config, surroundings, opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function wire(config: Config, surroundings: Surroundings, opened: OpenedParts): Promise<Application> {
  const { log } = surroundings;
  const dataDirectory = await openDataDirectory(config.DATA_DIR);
  opened.add(() => dataDirectory.release());
  const {
    secrets,
    created,
    path: secretsPath,
  } = await loadOrCreateSecrets({
    directory: dataDirectory.path,
    given: { apiKey: config.API_KEY, secretKey: config.SECRET_KEY, adminPassword: config.ADMIN_PASSWORD },
    mayCreate: config.NODE_ENV !== "production",
  });
  const configured = createConfiguredSecrets(config, secrets, surroundings);
  const { tokens } = configured;
  const serverId = await loadOrCreateServerId(dataDirectory.resolve("server-id"), randomUUID);
  const { stores, prepare, restoreTarget, address } = await openStores(config, dataDirectory, opened, surroundings);

  const feedback = createSpooledFeedbackStore({
    store: stores.feedback,
    spool: await openFeedbackSpool(dataDirectory.resolve("feedback"), randomUUID),
    timers,
    log,
  });
  opened.add(() => feedback.stop());

  const analyzer = createAnalyzer();
  const hybridIndex = createHybridIndex({ analyzer });
  const { embedder, reranker } = await openLocalModels(config, opened, surroundings);
  const vectors = openVectors(config, { embedder, stores, hybridIndex }, opened, surroundings);
  const { index, follower } = openSearchIndex(config, { stores, hybridIndex, vectors }, opened, surroundings);

  const breaker = createCircuitBreaker({
    clock,
    onTransition: ({ from, to }) => {
      metrics.breakerTransition(from, to);
      log.warn({ from, to }, "circuit breaker of the language model");
    },
  });
  const retriever = createRetriever({
    index: hybridIndex,
    neighbours: vectors?.index,
    reranker,
    onAway: (part, error) => log.debug({ err: error, part }, "searched without it"),
  });
  const shared = openSharedState(config, stores.sessions, opened, surroundings);
  const { sessions, cache, budget, redis, cacheRedis } = shared;
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
    ...openMonitoring(dataDirectory, stores, opened, surroundings),
  });
  const language = createLanguageModel(config, log);
  const model: AnswerModel | undefined = language && {
    chat: measureChatModel(language.chat, { clock, record: metrics.modelCalled }),
    ...measureGuards({ breaker, budget }, metrics.modelRefused),
    fallback: config.LLM_FALLBACK,
    maxTokens: config.LLM_MAX_TOKENS,
  };
  const answering: AnswerServices = {
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
    indexFingerprint: () => [hybridIndex.fingerprint(), vectors?.index.fingerprint(), reranker?.id].join(" "),
    inverseDocumentFrequency: (term) => hybridIndex.inverseDocumentFrequency(term),
    limits: { maxTurns: config.SESSION_MAX_TURNS, maxChars: config.SESSION_MAX_CHARS, sessionsPerPrincipal: config.SESSIONS_PER_PRINCIPAL },
    model,
  };

  const ingestion = await openIngestion(config, stores, { index, follower }, opened, surroundings, {
    holder: serverId,
    onRecorded: metrics.ingested,
  });

  const health = createHealth({
    components: describeComponents(config, {
      configured,
      stores,
      index,
      follower,
      vectors,
      models: { embedder, reranker },
      shared,
      breaker,
      language,
    }),
    monotonic: clock.monotonic,
  });
  const users = createUsers({ store: stores.users, hashing: createPasswordHashing(), clock, timers });
  const apiKeys = createApiKeys({
    store: stores.apiKeys,
    clock,
    timers,
    ...(shared.createKeyBudget === undefined ? {} : { createBudget: shared.createKeyBudget }),
    onTouchFailed: (error) => log.debug({ err: error }, "the use of an API key could not be noted"),
  });

  const services: AppServices = {
    log,
    health,
    metrics,
    ...createAccess(config),
    tracing: openTracing(config, opened, surroundings),
    tokens,
    authenticator: createAuthenticator({ isConfiguredKey: configured.isKey, apiKeys, tokens, users }),
    loginThrottle: createLoginThrottle({ monotonic: clock.monotonic }),
    users,
    apiKeys,
    ...createConfinedReading({
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
        if (embedder !== undefined) return { embedder, isLearnt: false };
        const space = hybridIndex.space();
        return space && { embedder: createSpaceEmbedder(space, nextTurn), isLearnt: true };
      },
    }),
    index: createIndexAdministration({ documents: stores.documents, search: index, vectors, nowIso: () => new Date().toISOString(), log }),
    deleteDocument: createDocumentDeletion({ documents: stores.documents, uploads: stores.uploads, index, vectors, ingestion }),
    fileReception,
    uploads: createUploads({
      store: stores.uploads,
      ingestion,
      digest: sha256,
      now: clock.now,
      limits: { maxBytes: config.MAX_UPLOAD_BYTES, maxTotalBytes: config.MAX_UPLOADS_BYTES },
    }),
    makeSnapshot: () =>
      makeSnapshot({
        documents: stores.documents,
        async space() {
          await index.trained();
          return hybridIndex.toSnapshot();
        },
        nowIso: () => new Date().toISOString(),
      }),
    sessions,
    saveFeedback: (judgement) => feedback.saveFeedback(judgement),
    ingestion,
    takeBackup: await openBackupOperation(config, address, { redis, opened, log }),
    resetBreaker() {
      breaker.reset();
      return breaker.state();
    },
    clearCache: () => cache.clear(),
    async statistics() {
      const { documents, chunks, terms, dimensions, generation } = index.stats();
      return {
        documents,
        chunks,
        terms,
        semanticDimensions: dimensions,
        indexGeneration: generation,
        feedback: await feedback.countFeedback(),
        answeredBy: language?.adapter ?? "extractive",
        uptimeSeconds: Math.floor(process.uptime()),
      };
    },
    allowedOrigins: config.CORS_ORIGINS,
    referenceViewer: config.API_DOCS === "off" ? undefined : createSwaggerUiViewer(),
    newId: randomUUID,
    now: clock.now,
    monotonic: clock.monotonic,
    limits: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      maxQuestionChars: config.MAX_QUESTION_CHARS,
      maxJsonDepth: config.MAX_JSON_DEPTH,
      streamWriteTimeoutMs: STREAM_WRITE_TIMEOUT_MS,
    },
  };

  const stopping = new AbortController();
  return {
    fetch: createApp(services).fetch,
    ready: health.loaded,
    async start() {
      await startUp(
        {
          stores,
          prepareStores: prepare,
          settleRestore: createRestoreSettling(restoreTarget, shared, log),
          serverId,
          adminPassword: secrets.adminPassword,
          users,
          apiKeys,
          index,
          follower,
          feedback,
          ingestion,
          health,
        },
        surroundings,
        stopping.signal,
      );
      if (config.DATABASE_URL !== undefined) {
        const stopWatching = watchAbandonedJobs(ingestion, { log, timers });
        opened.add(async () => stopWatching());
      }
      const { documents, chunks } = index.stats();
      return {
        documents,
        chunks,
        docsDir: config.DOCS_DIR,
        dataDir: config.DATA_DIR,
        sampleQuestion: await chooseSampleQuestion(config.DOCS_DIR, stores.documents),
        created: created
          ? {
              path: secretsPath,
              apiKey: config.API_KEY === undefined ? secrets.apiKey : undefined,
              adminPassword: config.ADMIN_PASSWORD === undefined ? secrets.adminPassword : undefined,
            }
          : undefined,
        secretsPath: config.API_KEY === undefined ? secretsPath : undefined,
        parts: describeParts(config, { language, embedder, reranker }),
      };
    },
    beginStop() {
      stopping.abort(new ExitError("The server was stopped before it had started."));
      health.markStopping();
      void ingestion.stop();
    },
    close() {
      stopping.abort(new ExitError("The server was stopped before it had started."));
      return opened.closeAll();
    },
  };
}
