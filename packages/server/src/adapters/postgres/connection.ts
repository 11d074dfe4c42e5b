/** The stores of a PostgreSQL, the embedded one or a server. */
import type { DocumentStore, EmbeddingStore, FeedbackStore, GenerationStore, SessionStore } from "@rag-personal/core";
import type { IngestionJobStore } from "../../ingestion-job-store.ts";
import type { RestoreTarget } from "../../operations/restoring/restoration.ts";
import type { IndexChangeLog } from "../../record-follower.ts";
import type { ApiKeyStore } from "../../security/api-keys.ts";
import type { UserStore } from "../../security/users.ts";
import type { UploadStore } from "../../uploads/upload-store.ts";
import { createApiKeyStore } from "./api-key-store.ts";
import { createChangeLog } from "./change-log.ts";
import { createDatabase, type Database, type DatabaseOptions } from "./database.ts";
import { createDocumentStore } from "./document-store.ts";
import { createEmbeddingStore } from "./embedding-store.ts";
import { createFeedbackStore } from "./feedback-store.ts";
import { createGenerationStore } from "./generation-store.ts";
import { createIngestionJobStore } from "./ingestion-job-store.ts";
import { migrate } from "./migrate.ts";
import { createRestoreTarget } from "./restore-target.ts";
import { createSessionStore } from "./session-store.ts";
import { createSnapshotStore, type SnapshotStore } from "./snapshot-store.ts";
import { createUploadStore } from "./upload-store.ts";
import { createUserStore } from "./user-store.ts";

const CLOSE_TIMEOUT_MS = 5_000;

/** Every method throws `store_unavailable`, within the deadline, when the database is away; the next call tries anew. */
export interface PostgresStores {
  readonly documents: DocumentStore;
  readonly sessions: SessionStore;
  readonly feedback: FeedbackStore;
  readonly ingestionJobs: IngestionJobStore;
  readonly uploads: UploadStore;
  readonly snapshots: SnapshotStore;
  readonly changes: IndexChangeLog;
  readonly embeddings: EmbeddingStore;
  readonly generations: GenerationStore;
  readonly users: UserStore;
  readonly apiKeys: ApiKeyStore;
  /** Asks the server for its version, such as `PostgreSQL 18.6`. */
  ping(): Promise<string>;
  /** It says nothing, and every call is refused at once. */
  isSilent(): boolean;
  /** Waits for calls in flight `timeoutMs` milliseconds at most (default 5,000), and closes the connections. */
  close(timeoutMs?: number): Promise<void>;
}

/**
 * Connects and brings the schema up to date.
 *
 * @throws {ExitError} when the schema does not fit this program.
 * @throws RagError `store_unavailable` when the database cannot be reached.
 * @example
 * const stores = await connectPostgres({ server: { url: "postgres://user:password@host/database" }, maxConnections: 8, timeoutMs: 10_000 });
 */
export async function connectPostgres(options: DatabaseOptions): Promise<PostgresStores> {
  const { stores, prepare } = openPostgres(options);
  try {
    await prepare();
  } catch (error) {
    await stores.close(0);
    throw error;
  }
  return stores;
}

/** Stores of a database that may be away yet. */
export interface OpenedPostgres {
  readonly stores: PostgresStores;
  /**
   * Connects and brings the schema up to date; to be called again when it was away, and before anything else is asked.
   *
   * @throws as {@link connectPostgres}.
   */
  prepare(): Promise<void>;
  /** The same database, for ending a restore that was interrupted. */
  readonly restoreTarget: RestoreTarget;
}

/** The same without connecting: that is left to `prepare`. */
export function openPostgres(options: DatabaseOptions): OpenedPostgres {
  const database = createDatabase(options);
  return {
    stores: createStores(database),
    restoreTarget: createRestoreTarget(database),
    async prepare() {
      await migrate(database);
    },
  };
}

/** The stores over a database whose schema is up to date. */
export function createStores(database: Database): PostgresStores {
  return {
    documents: createDocumentStore(database),
    sessions: createSessionStore(database),
    feedback: createFeedbackStore(database),
    ingestionJobs: createIngestionJobStore(database),
    uploads: createUploadStore(database),
    snapshots: createSnapshotStore(database),
    changes: createChangeLog(database),
    embeddings: createEmbeddingStore(database),
    generations: createGenerationStore(database),
    users: createUserStore(database),
    apiKeys: createApiKeyStore(database),
    async ping() {
      const [row] = await database.query((sql) => sql<{ version: string }>`select current_setting('server_version') as version`);
      return `PostgreSQL ${row?.version.split(" ")[0] ?? ""}`.trim();
    },
    isSilent: database.isSilent,
    close: (timeoutMs = CLOSE_TIMEOUT_MS) => database.close(timeoutMs),
  };
}
