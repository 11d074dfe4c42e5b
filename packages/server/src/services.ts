/** What the transports may use: the ports of the application, wired by `composition.ts`. */
import type { BreakerState, DeletionReceipt, Feedback, SessionStore } from "@rag-personal/core";
import type { ConfinedReading } from "./confinement.ts";
import type { DeleteDocument } from "./document-deletion.ts";
import type { Health } from "./health.ts";
import type { FileReception } from "./http/file-reception.ts";
import type { IndexAdministration } from "./index-administration.ts";
import type { IngestionJobs } from "./ingestion-jobs.ts";
import type { Log } from "./log.ts";
import type { BackupSummary } from "./operations/backup-summary.ts";
import type { AccessTokens } from "./security/access-tokens.ts";
import type { ApiKeys } from "./security/api-keys.ts";
import type { Authenticator } from "./security/authenticator.ts";
import type { LoginThrottle } from "./security/login-throttle.ts";
import type { MetricsAccess } from "./security/metrics-access.ts";
import type { IdentifySender } from "./security/request-sender.ts";
import type { Users } from "./security/users.ts";
import type { Tracing } from "./tracing/tracing.ts";
import type { Uploads } from "./uploads/uploads.ts";

/** What metrics need to know of a request. `route` is the pattern, never the raw path. */
export interface RequestMetrics {
  observe(request: { readonly method: string; readonly route: string; readonly status: number; readonly durationMs: number }): void;
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Numbers for `GET /admin/stats`. */
export interface Statistics {
  readonly documents: number;
  readonly chunks: number;
  readonly terms: number;
  readonly semanticDimensions: number;
  readonly indexGeneration: number;
  readonly feedback: { readonly up: number; readonly down: number };
  readonly answeredBy: string;
  readonly uptimeSeconds: number;
}

/** What a deletion removed, store by store. */
export interface DocumentDeletion extends DeletionReceipt {
  /** Whether it was uploaded, and the upload removed with it. */
  readonly upload: boolean;
  readonly index: { readonly chunks: number };
  /** Absent where no vectors are kept. A store that is away is `pending`: it loses them when it is back. */
  readonly vectors?: { readonly chunks: number | "pending"; readonly embeddings: number };
}

/** What draws the reference of the API in a browser. */
export interface ReferenceViewer {
  load(): Promise<{ readonly script: Uint8Array; readonly style: Uint8Array }>;
}

/** The content of documents is reached through {@link ConfinedReading} alone. */
export interface AppServices extends ConfinedReading {
  readonly log: Log;
  readonly health: Pick<Health, "isReady" | "requireReady" | "report">;
  readonly metrics: RequestMetrics;
  readonly metricsAccess: MetricsAccess;
  readonly identifySender: IdentifySender;
  /** Absent where no traces are sent. */
  readonly tracing?: Tracing | undefined;
  readonly authenticator: Authenticator;
  readonly tokens: AccessTokens;
  readonly loginThrottle: LoginThrottle;
  readonly users: Omit<Users, "ensureAdmin" | "hasAdmin">;
  readonly apiKeys: Omit<ApiKeys, "load">;
  readonly index: IndexAdministration;
  /** Removes a document within the principal's reach from every store; the receipt says what went from each. */
  readonly deleteDocument: DeleteDocument;
  readonly uploads: Uploads;
  readonly fileReception: FileReception;
  /** Everything that answers rest on, as a file for workers at the edge. */
  makeSnapshot(): Promise<Uint8Array<ArrayBuffer>>;
  readonly sessions: SessionStore;
  saveFeedback(feedback: Feedback): Promise<boolean>;
  readonly ingestion: Pick<IngestionJobs, "start" | "startAnew" | "list" | "get" | "follow">;
  statistics(): Promise<Statistics>;
  /** Takes a backup into the server's folder of backups. @throws RagError `conflict` while one is taken, `store_unavailable` when it cannot be. */
  takeBackup(options: { readonly withoutSessions: boolean }): Promise<BackupSummary>;
  /** Closes the circuit in front of the language model by hand. @returns the state now. */
  resetBreaker(): BreakerState;
  /** Forgets every cached answer; sessions and budgets stay. @returns how many went. */
  clearCache(): Promise<number>;
  /** Other origins whose pages may use the API. */
  readonly allowedOrigins: readonly string[];
  /** Undefined: the reference is not served. */
  readonly referenceViewer: ReferenceViewer | undefined;
  newId(): string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds. */
  monotonic(): number;
  readonly limits: {
    readonly maxBodyBytes: number;
    readonly maxQuestionChars: number;
    readonly maxJsonDepth: number;
    /** How long a client may leave a streamed answer unread. */
    readonly streamWriteTimeoutMs: number;
  };
}
