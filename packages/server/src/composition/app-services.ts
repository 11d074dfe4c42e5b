/** What the transports may use, over the parts that were opened. */
import { randomUUID } from "node:crypto";
import type { CircuitBreaker } from "@rag-personal/core";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import { createSwaggerUiViewer } from "../adapters/swagger-ui/viewer.ts";
import type { Config } from "../config.ts";
import type { ConfinedReading } from "../confinement.ts";
import { createDocumentDeletion } from "../document-deletion.ts";
import { fileReception } from "../http/receive-file.ts";
import { createIndexAdministration } from "../index-administration.ts";
import type { IngestionJobs } from "../ingestion-jobs.ts";
import type { ApiKeys } from "../security/api-keys.ts";
import { createAuthenticator } from "../security/authenticator.ts";
import { createLoginThrottle } from "../security/login-throttle.ts";
import type { Users } from "../security/users.ts";
import type { AppServices } from "../services.ts";
import { makeSnapshot } from "../snapshot/make-snapshot.ts";
import type { SpooledFeedbackStore } from "../spooled-feedback.ts";
import { createUploads } from "../uploads/uploads.ts";
import { createAccess } from "./access.ts";
import type { ConfiguredSecrets } from "./configured-secrets.ts";
import { sha256 } from "./digest.ts";
import type { LanguageModel } from "./language-model.ts";
import type { RetrievalParts } from "./retrieval.ts";
import type { SharedState } from "./shared-state.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock } from "./time.ts";

/** How long a client may leave a streamed answer unread, in milliseconds. */
const STREAM_WRITE_TIMEOUT_MS = 30_000;

/** What is handed on as it is, and what the rest is made of. */
interface ServiceParts extends Pick<AppServices, "health" | "metrics" | "tracing" | "takeBackup"> {
  readonly log: Surroundings["log"];
  readonly configured: ConfiguredSecrets;
  readonly stores: PostgresStores;
  readonly retrieval: RetrievalParts;
  readonly shared: SharedState;
  readonly reading: ConfinedReading;
  readonly language: LanguageModel | undefined;
  readonly breaker: CircuitBreaker;
  readonly feedback: SpooledFeedbackStore;
  readonly ingestion: IngestionJobs;
  readonly users: Users;
  readonly apiKeys: ApiKeys;
}

export function createAppServices(config: Config, parts: ServiceParts): AppServices {
  const { log, health, metrics, tracing, takeBackup, configured, stores, shared, reading, language, breaker, feedback, ingestion, users, apiKeys } =
    parts;
  const { hybridIndex, index, vectors } = parts.retrieval;
  return {
    log,
    health,
    metrics,
    ...createAccess(config),
    tracing,
    tokens: configured.tokens,
    authenticator: createAuthenticator({ isConfiguredKey: configured.isKey, apiKeys, tokens: configured.tokens, users }),
    loginThrottle: createLoginThrottle({ monotonic: clock.monotonic }),
    users,
    apiKeys,
    ...reading,
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
    sessions: shared.sessions,
    saveFeedback: (judgement) => feedback.saveFeedback(judgement),
    ingestion,
    takeBackup,
    resetBreaker() {
      breaker.reset();
      return breaker.state();
    },
    clearCache: () => shared.cache.clear(),
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
}
