/** What administrators do. */
import type { ResponsePromise } from "../http/response-promise.ts";
import { array, boolean, nullable, number, object, type Shape, string } from "../http/shape.ts";
import { createIngestionHandle, type IngestionHandle } from "../ingestion/handle.ts";
import { type IngestionEvent, type IngestionJob, type IngestionJobFilter, type IngestionJobList, jobPageShape, jobShape } from "../ingestion/job.ts";
import type { OpenUnion } from "../open-union.ts";
import type { CallOptions, ClientSettings, StreamOptions } from "../options.ts";
import { createPagedList } from "../paged-list.ts";
import { type Calls, noResult } from "../trpc/calls.ts";
import { type ApiKeys, createApiKeys } from "./api-keys.ts";
import { type DoctorReport, doctorShape, type IndexDescription, indexShape, liveShape, type VectorGeneration } from "./index-administration.ts";
import { createUsers, type Users } from "./users.ts";

/** Figures of a server. */
export interface Statistics {
  readonly documents: number;
  readonly chunks: number;
  readonly terms: number;
  readonly semanticDimensions: number;
  readonly indexGeneration: number;
  readonly feedback: { readonly up: number; readonly down: number };
  /** Who writes the answers. */
  readonly answeredBy: string;
  readonly uptimeSeconds: number;
}

/** The circuit breaker before the language model. */
export interface BreakerState {
  readonly state: OpenUnion<"CLOSED" | "HALF_OPEN" | "OPEN">;
}

/** How many answers a cache has given up. */
export interface ClearedCache {
  readonly cleared: number;
}

/** Options of a backup. */
export interface BackupOptions extends CallOptions {
  /** Leaves out sessions that are in Redis, as while it is away. Default: false. */
  readonly withoutSessions?: boolean | undefined;
}

/** A backup that was taken. */
export interface Backup {
  /** Of the set, by which it is restored. */
  readonly name: string;
  /** Of its folder, at the server. */
  readonly path: string;
  /** The moment that it shows, as ISO 8601. */
  readonly snapshotAt: string;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  /** For which the record was read; the embedded database serves nobody else meanwhile. */
  readonly recordSeconds: number;
  /** Of all tables. */
  readonly rows: number;
  /** Keys of sessions in Redis; null where sessions are among the rows. */
  readonly sessions: number | null;
  readonly encryption: OpenUnion<"none" | "age">;
  /** It was read back row by row; otherwise its bytes were compared, for want of the key. */
  readonly isOpened: boolean;
  /** It was copied off the machine; null where that is not asked for. */
  readonly isCopied: boolean | null;
  /** Older sets that went. */
  readonly removed: readonly string[];
  /** What went wrong beside it; the set is good nevertheless. */
  readonly problems: readonly string[];
}

/** What only administrators may do; an API key may start and follow an ingestion when it was made for that. */
export interface Admin {
  /**
   * Figures of the server.
   *
   * @example
   * ```ts
   * const { documents, chunks, answeredBy } = await client.admin.stats();
   * console.log(documents, chunks, answeredBy);
   * ```
   */
  stats(options?: CallOptions): ResponsePromise<Statistics>;
  /**
   * Takes a backup into the server's folder of backups. Give it time: a large record takes minutes.
   *
   * @throws ConflictError while another one is taken; UnavailableError when it cannot be.
   *
   * @example
   * ```ts
   * const { name, rows, problems } = await client.admin.backup({ timeoutMs: 600_000 });
   * console.log(name, rows, problems);
   * ```
   */
  backup(options?: BackupOptions): ResponsePromise<Backup>;
  /**
   * Reads the documents folder again, or gives the job that is doing so.
   *
   * @example
   * ```ts
   * const job = await client.admin.ingest();
   * const { state, counts } = await job.wait();
   * console.log(state, counts);
   * ```
   */
  ingest(options?: CallOptions): Promise<IngestionHandle>;
  /**
   * Lists the jobs, the last begun first: those that run, and the last 100 that ended. Nothing is sent until it is read; `options` hold for
   * each page.
   *
   * @throws when it is read: what {@link Chat.ask} throws.
   *
   * @example
   * ```ts
   * for await (const { id, progress } of client.admin.ingestJobs({ state: "running" })) console.log(id, progress);
   * ```
   */
  ingestJobs(filter?: IngestionJobFilter, options?: CallOptions): IngestionJobList;
  /**
   * The state of a job. The server knows the last 100.
   *
   * @throws NotFoundError when it does not know the job.
   *
   * @example
   * ```ts
   * const { id } = await client.admin.ingest();
   * console.log((await client.admin.ingestStatus(id)).progress);
   * ```
   */
  ingestStatus(id: string, options?: CallOptions): ResponsePromise<IngestionJob>;
  /**
   * Follows a job to its end: as {@link IngestionHandle.events}.
   *
   * @example
   * ```ts
   * const { id } = await client.admin.ingest();
   * for await (const event of client.admin.ingestEvents(id)) console.log(event.type);
   * ```
   */
  ingestEvents(id: string, options?: StreamOptions): AsyncIterable<IngestionEvent>;
  readonly users: Users;
  readonly apiKeys: ApiKeys;
  readonly breaker: {
    /**
     * Lets the language model be tried again at once. It is repeated after any failure that may pass.
     *
     * @example
     * ```ts
     * console.log((await client.admin.breaker.reset()).state);
     * ```
     */
    reset(options?: CallOptions): ResponsePromise<BreakerState>;
  };
  readonly cache: {
    /**
     * Forgets every cached answer. It is repeated after any failure that may pass.
     *
     * @example
     * ```ts
     * console.log((await client.admin.cache.clear()).cleared);
     * ```
     */
    clear(options?: CallOptions): ResponsePromise<ClearedCache>;
  };
  /**
   * What is searched in.
   *
   * @example
   * ```ts
   * const { search, vectors } = await client.admin.index();
   * console.log(search.chunks, vectors?.state);
   * ```
   */
  index(options?: CallOptions): ResponsePromise<IndexDescription>;
  /**
   * Builds the vectors anew while the old ones serve; {@link Admin.index} tells how far that is.
   *
   * @throws ConflictError when there are no vectors, or they are being built.
   *
   * @example
   * ```ts
   * await client.admin.reindex().catch((error) => {
   *   if (!(error instanceof ConflictError)) throw error;
   *   console.log(error.message);
   * });
   * ```
   */
  reindex(options?: CallOptions): ResponsePromise<IndexDescription>;
  /**
   * Serves the previous generation of vectors again.
   *
   * @throws ConflictError when there is none.
   *
   * @example
   * ```ts
   * const { vectors } = await client.admin.index();
   * if (vectors?.previous !== undefined) console.log((await client.admin.switchBack()).live.generation);
   * ```
   */
  switchBack(options?: CallOptions): ResponsePromise<{ readonly live: VectorGeneration }>;
  /**
   * Deletes the previous generation of vectors.
   *
   * @throws NotFoundError when there is none.
   *
   * @example
   * ```ts
   * const { vectors } = await client.admin.index();
   * if (vectors?.previous !== undefined) await client.admin.dropPrevious();
   * ```
   */
  dropPrevious(options?: CallOptions): ResponsePromise<void>;
  /**
   * Compares the derived stores with the record, and brings them into step.
   *
   * @example
   * ```ts
   * const { findings } = await client.admin.doctor.examine();
   * if (findings.length > 0) console.log((await client.admin.doctor.repair()).repaired);
   * ```
   */
  readonly doctor: {
    examine(options?: CallOptions): ResponsePromise<DoctorReport>;
    repair(options?: CallOptions): ResponsePromise<DoctorReport>;
  };
}

const statistics: Shape<Statistics> = object<Statistics>({
  documents: number,
  chunks: number,
  terms: number,
  semanticDimensions: number,
  indexGeneration: number,
  feedback: object({ up: number, down: number }),
  answeredBy: string,
  uptimeSeconds: number,
});

const backup: Shape<Backup> = object<Backup>({
  name: string,
  path: string,
  snapshotAt: string,
  sizeBytes: number,
  durationSeconds: number,
  recordSeconds: number,
  rows: number,
  sessions: nullable(number),
  encryption: string,
  isOpened: boolean,
  isCopied: nullable(boolean),
  removed: array(string),
  problems: array(string),
});

const breaker: Shape<BreakerState> = object<BreakerState>({ state: string });
const cleared: Shape<ClearedCache> = object({ cleared: number });

/** @internal */
export function createAdmin(settings: ClientSettings, calls: Calls): Admin {
  const handleOf = (id: string): IngestionHandle => createIngestionHandle(id, settings, calls);
  return {
    stats: (options = {}) =>
      calls.call({ repetition: "harmless", shape: statistics }, options, (trpc, given) => trpc.admin.stats.query(undefined, given)),
    backup: ({ withoutSessions, ...options } = {}) =>
      calls.call({ repetition: "once", shape: backup }, options, (trpc, given) =>
        // Servers from before there was a choice take nothing.
        trpc.admin.backup.mutate(withoutSessions ? { withoutSessions } : undefined, given),
      ),
    async ingest(options = {}) {
      const kind = { repetition: "once", shape: jobShape } as const;
      return handleOf((await calls.call(kind, options, (trpc, given) => trpc.admin.ingest.mutate(undefined, given))).id);
    },
    ingestJobs: ({ limit, cursor: first, state } = {}, options = {}) =>
      createPagedList(
        (cursor) =>
          calls.call({ repetition: "harmless", shape: jobPageShape }, options, (trpc, given) =>
            trpc.admin.ingestJobs.query({ limit, cursor, state }, given),
          ),
        ({ jobs }) => jobs,
        first,
      ),
    ingestStatus: (id, options) => handleOf(id).status(options),
    ingestEvents: (id, options) => handleOf(id).events(options),
    users: createUsers(calls),
    apiKeys: createApiKeys(calls),
    breaker: {
      reset: (options = {}) =>
        calls.call({ repetition: "harmless", shape: breaker }, options, (trpc, given) => trpc.admin.breaker.reset.mutate(undefined, given)),
    },
    cache: {
      clear: (options = {}) =>
        calls.call({ repetition: "harmless", shape: cleared }, options, (trpc, given) => trpc.admin.cache.clear.mutate(undefined, given)),
    },
    index: (options = {}) =>
      calls.call({ repetition: "harmless", shape: indexShape }, options, (trpc, given) => trpc.admin.index.query(undefined, given)),
    reindex: (options = {}) =>
      calls.call({ repetition: "once", shape: indexShape }, options, (trpc, given) => trpc.admin.reindex.mutate(undefined, given)),
    switchBack: (options = {}) =>
      calls.call({ repetition: "once", shape: liveShape }, options, (trpc, given) => trpc.admin.switchBack.mutate(undefined, given)),
    dropPrevious: (options = {}) =>
      calls.call({ repetition: "once", shape: noResult }, options, (trpc, given) => trpc.admin.dropPrevious.mutate(undefined, given)),
    doctor: {
      examine: (options = {}) =>
        calls.call({ repetition: "harmless", shape: doctorShape }, options, (trpc, given) => trpc.admin.doctor.examine.query(undefined, given)),
      repair: (options = {}) =>
        calls.call({ repetition: "once", shape: doctorShape }, options, (trpc, given) => trpc.admin.doctor.repair.mutate(undefined, given)),
    },
  };
}
