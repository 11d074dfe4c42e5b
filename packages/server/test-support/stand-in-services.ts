/** Services that answer everything, under real credentials: for tests of who may reach which route. */
import { createMemorySessionStore } from "@rag-personal/core";
import { pino } from "pino";
import { createHealth } from "../src/health.ts";
import { fileReception } from "../src/http/receive-file.ts";
import type { IndexDescription } from "../src/index-administration.ts";
import { parseAddressRanges } from "../src/security/address-ranges.ts";
import { createLoginThrottle } from "../src/security/login-throttle.ts";
import { createMetricsAccess } from "../src/security/metrics-access.ts";
import { createSenderIdentification } from "../src/security/request-sender.ts";
import type { AppServices } from "../src/services.ts";
import { createUploads } from "../src/uploads/uploads.ts";
import type { CredentialsScene } from "./credentials-scene.ts";

/** What the health report tells those who may have details. */
export const HEALTH_DETAIL = "details for those who may have them";

const INDEX: IndexDescription = {
  search: { documents: 0, chunks: 0, terms: 0, termSpace: 0, dimensions: 0, generation: 0 },
  vectors: null,
  reindex: null,
};

/** @param sessionId of the one session there is, whoever asks for it. */
export function createStandInServices({ users, apiKeys, tokens, authenticator, clock }: CredentialsScene, sessionId: string): AppServices {
  const document = { id: "doc_1", path: "a.md", title: "A", format: "text", contentHash: "", sourceHash: "", sizeBytes: 1, updatedAtMs: 0 } as const;
  const job = {
    id: "job-1",
    state: "succeeded",
    startedAt: "",
    finishedAt: "",
    progress: { done: 0, total: 0 },
    counts: { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 },
    files: [],
    error: null,
  } as const;
  const health = createHealth({
    components: { database: { adapter: "memory", check: async () => HEALTH_DETAIL } },
    monotonic: clock.monotonic,
  });
  health.markReady();
  const session = { id: sessionId, principal: "anybody", version: 1, turns: [], createdAtMs: 0, updatedAtMs: 0 };
  const user = {
    id: "user-1",
    username: "eve",
    email: "eve@example.org",
    passwordHash: "",
    isSuperuser: false,
    createdAtMs: 0,
    passwordSetAtMs: 0,
    disabledAtMs: undefined,
  };
  return {
    log: pino({ level: "silent" }),
    health,
    metrics: { observe: () => {}, render: async () => ({ contentType: "text/plain", body: "" }) },
    metricsAccess: createMetricsAccess({
      allowFrom: parseAddressRanges("127.0.0.1"),
      credentials: undefined,
      throttle: createLoginThrottle({ monotonic: clock.monotonic }),
    }),
    identifySender: createSenderIdentification(parseAddressRanges("none")),
    authenticator,
    tokens,
    loginThrottle: createLoginThrottle({ monotonic: clock.monotonic }),
    users: { ...users, create: async () => user, disable: async () => true, changePassword: async () => {} },
    apiKeys: { ...apiKeys, revoke: async () => true },
    async *ask() {
      const answer = {
        answer: "",
        answerable: false,
        answeredBy: { kind: "gate" },
        citations: [],
        nearMisses: [],
        sessionId,
        degraded: false,
      } as const;
      yield { type: "done", answer };
    },
    async *converse() {
      yield { type: "sources", sources: [] };
      yield { type: "delta", text: "Nothing." };
      yield {
        type: "done",
        answer: { answer: "Nothing.", answerable: false, answeredBy: { kind: "gate" }, citations: [], nearMisses: [], degraded: false },
      };
    },
    search: async () => ({ hits: [], degraded: false }),
    listDocuments: async () => [{ ...document, chunkCount: 0 }],
    getDocument: async () => ({ ...document, text: "" }),
    deleteDocument: async (_, documentId) => ({ documentId, path: "a.md", rows: { documents: 1, chunks: 0 }, upload: false, index: { chunks: 0 } }),
    uploads: createUploads({
      store: { saveUpload: async () => true },
      ingestion: { startAnew: async () => job },
      digest: () => "0".repeat(64),
      now: clock.now,
      limits: { maxBytes: 1_000, maxTotalBytes: 1_000_000 },
    }),
    embedder: () => ({ id: "stand-in", dimensions: 2, embed: async (texts) => texts.map(() => new Float32Array([0.6, 0.8])) }),
    index: {
      describe: () => INDEX,
      reindex: () => INDEX,
      switchBack: async () => ({ generation: 1, embedderId: "", dimensions: 1 }),
      dropPrevious: async () => true,
      examine: async () => ({ record: { documents: 0, chunks: 0 }, examined: [], findings: [], repaired: [] }),
    },
    fileReception,
    makeSnapshot: async () => new Uint8Array(1),
    sessions: { ...createMemorySessionStore(), load: async () => session, remove: async () => true },
    saveFeedback: async () => true,
    ingestion: {
      start: async () => job,
      startAnew: async () => job,
      get: async () => job,
      async *follow() {},
    },
    takeBackup: async () => ({
      name: "2026-11-24T03-00-00Z",
      path: "/backups/2026-11-24T03-00-00Z",
      snapshotAt: "2026-11-24T03:00:00.000Z",
      sizeBytes: 1,
      durationSeconds: 0,
      recordSeconds: 0,
      rows: 1,
      sessions: null,
      encryption: "none",
      isOpened: true,
      isCopied: null,
      removed: [],
      problems: [],
    }),
    resetBreaker: () => "CLOSED",
    clearCache: async () => 0,
    statistics: async () => ({
      documents: 0,
      chunks: 0,
      terms: 0,
      semanticDimensions: 0,
      indexGeneration: 0,
      feedback: { up: 0, down: 0 },
      answeredBy: "extractive",
      uptimeSeconds: 0,
    }),
    allowedOrigins: [],
    referenceViewer: { load: async () => ({ script: new Uint8Array(), style: new Uint8Array() }) },
    newId: () => crypto.randomUUID(),
    now: clock.now,
    monotonic: clock.monotonic,
    limits: { maxBodyBytes: 100_000, maxQuestionChars: 1_000, maxJsonDepth: 16, streamWriteTimeoutMs: 1_000 },
  };
}
