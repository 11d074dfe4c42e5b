/** The server's tRPC router as a type, written by `node scripts/app-router.ts` from the router itself; do not edit it. */
import type { TRPCBuiltRouter, TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from "@trpc/server";

/** The runtime's FormData. */
type FormDataLike = typeof globalThis extends { FormData: { prototype: infer Host } } ? Host : object;
type Query<Input, Output> = TRPCQueryProcedure<{ input: Input; output: Output; meta: object }>;
type Mutation<Input, Output> = TRPCMutationProcedure<{ input: Input; output: Output; meta: object }>;
type Subscription<Input, Output> = TRPCSubscriptionProcedure<{ input: Input; output: Output; meta: object }>;

/** An error as the router sends it: `data.code` is one of the server's codes. */
export type ErrorShape = {
  message: string;
  code: number;
  data: {
    code:
      | "conflict"
      | "forbidden"
      | "internal"
      | "invalid_request"
      | "llm_circuit_open"
      | "llm_failed"
      | "llm_timeout"
      | "method_not_allowed"
      | "not_found"
      | "not_ready"
      | "not_supported"
      | "overloaded"
      | "payload_too_large"
      | "rate_limited"
      | "request_timeout"
      | "store_unavailable"
      | "unauthenticated"
      | "unprocessable_document"
      | "unsupported_media_type";
    httpStatus: number;
    path?: string | undefined;
    requestId: string | null;
    retryAfterSeconds?: number | undefined;
    issues?: { path: string; message: string }[] | undefined;
  };
};

type Root = { ctx: object; meta: object; errorShape: ErrorShape; transformer: false };

/**
 * The type of the server's router, for a plain tRPC client.
 *
 * @example
 * ```ts
 * import type { AppRouter } from "@rag-personal/client/trpc";
 * import { createTRPCClient, httpLink } from "@trpc/client";
 *
 * const trpc = createTRPCClient<AppRouter>({ links: [httpLink({ url: "http://127.0.0.1:8000/trpc", headers: { "x-api-key": apiKey } })] });
 * const { hits } = await trpc.search.query({ query: "warranty" });
 * console.log(hits.length);
 * ```
 */
export type AppRouter = TRPCBuiltRouter<
  Root,
  {
    health: Query<
      Record<string, never> | undefined,
      {
        status: "degraded" | "healthy" | "starting";
        components: Record<
          string,
          { status: "healthy" | "starting" | "unhealthy"; adapter?: string | undefined; latencyMs?: number | undefined; detail?: string | undefined }
        >;
      }
    >;
    auth: {
      login: Mutation<{ username: string; password: string }, { access_token: string; token_type: "bearer"; expires_in: number }>;
      changePassword: Mutation<{ oldPassword: string; newPassword: string }, void>;
    };
    chat: {
      ask: Mutation<
        {
          question: string;
          sessionId?: string | undefined;
          filters?: { pathPrefixes?: readonly string[] | undefined; documentIds?: readonly string[] | undefined } | undefined;
        },
        {
          answer: string;
          answerable: boolean;
          answeredBy: "extractive" | "gate" | "model";
          model?: string | undefined;
          citations: {
            documentId: string;
            path: string;
            title: string;
            headingPath: string[];
            start: number;
            end: number;
            score: number;
            number: number;
            chunkId: string;
            contentHash: string;
            quote: string;
          }[];
          nearMisses: {
            documentId: string;
            path: string;
            title: string;
            headingPath: string[];
            start: number;
            end: number;
            score: number;
            text: string;
          }[];
          degraded: boolean;
          standaloneQuestion?: string | undefined;
          requestId: string;
          sessionId: string;
        }
      >;
      stream: Subscription<
        {
          question: string;
          sessionId?: string | undefined;
          filters?: { pathPrefixes?: readonly string[] | undefined; documentIds?: readonly string[] | undefined } | undefined;
        },
        AsyncIterable<
          | { type: "session"; sessionId: string }
          | { type: "sources"; sources: { number: number; documentId: string; path: string; title: string; headingPath: string[]; score: number }[] }
          | { type: "delta"; text: string }
          | {
              type: "done";
              answer: {
                answer: string;
                answerable: boolean;
                answeredBy: "extractive" | "gate" | "model";
                model?: string | undefined;
                citations: {
                  documentId: string;
                  path: string;
                  title: string;
                  headingPath: string[];
                  start: number;
                  end: number;
                  score: number;
                  number: number;
                  chunkId: string;
                  contentHash: string;
                  quote: string;
                }[];
                nearMisses: {
                  documentId: string;
                  path: string;
                  title: string;
                  headingPath: string[];
                  start: number;
                  end: number;
                  score: number;
                  text: string;
                }[];
                degraded: boolean;
                standaloneQuestion?: string | undefined;
                requestId: string;
                sessionId: string;
              };
            },
          void
        >
      >;
      feedback: Mutation<
        {
          id?: string | undefined;
          rating: "down" | "up";
          requestId?: string | undefined;
          sessionId?: string | undefined;
          comment?: string | undefined;
        },
        { id: string; stored: true }
      >;
    };
    search: Query<
      {
        query: string;
        limit?: number | undefined;
        filters?: { pathPrefixes?: readonly string[] | undefined; documentIds?: readonly string[] | undefined } | undefined;
        explain?: boolean | undefined;
      },
      {
        hits: {
          documentId: string;
          chunkId: string;
          path: string;
          title: string;
          headingPath: string[];
          start: number;
          end: number;
          text: string;
          score: number;
          explanation?: Record<string, number> | undefined;
        }[];
        degraded: boolean;
      }
    >;
    sessions: {
      list: Query<
        { limit?: number | undefined; cursor?: string | undefined },
        {
          sessions: { id: string; turnCount: number; createdAt: string; updatedAt: string; lastQuestion: string | null }[];
          nextCursor: string | null;
        }
      >;
      get: Query<
        { id: string },
        {
          id: string;
          createdAt: string;
          updatedAt: string;
          turns: { question: string; standaloneQuestion: string; answer: string; answerable: boolean; citedTitles: string[]; at: string }[];
        }
      >;
      delete: Mutation<{ id: string }, void>;
    };
    documents: {
      list: Query<
        { limit?: number | undefined; cursor?: string | undefined; pathPrefix?: string | undefined },
        {
          documents: {
            id: string;
            path: string;
            title: string;
            format: "csv" | "html" | "json" | "markdown" | "text";
            contentHash: string;
            sourceHash: string;
            sizeBytes: number;
            updatedAt: string;
            chunkCount: number;
          }[];
          nextCursor: string | null;
        }
      >;
      get: Query<
        { id: string },
        {
          id: string;
          path: string;
          title: string;
          format: "csv" | "html" | "json" | "markdown" | "text";
          contentHash: string;
          sourceHash: string;
          sizeBytes: number;
          updatedAt: string;
          text: string;
        }
      >;
      upload: Mutation<FormDataLike, { documentId: string; path: string; sizeBytes: number; jobId: string }>;
      delete: Mutation<
        { id: string },
        {
          documentId: string;
          path: string;
          rows: { documents: number; chunks: number };
          upload: boolean;
          index: { chunks: number };
          vectors?: { chunks: number | "pending"; embeddings: number } | undefined;
        }
      >;
    };
    admin: {
      stats: Query<
        Record<string, never> | undefined,
        {
          documents: number;
          chunks: number;
          terms: number;
          semanticDimensions: number;
          indexGeneration: number;
          feedback: { up: number; down: number };
          answeredBy: string;
          uptimeSeconds: number;
        }
      >;
      backup: Mutation<
        { withoutSessions?: boolean | undefined } | undefined,
        {
          name: string;
          path: string;
          snapshotAt: string;
          sizeBytes: number;
          durationSeconds: number;
          recordSeconds: number;
          rows: number;
          sessions: number | null;
          encryption: "age" | "none";
          isOpened: boolean;
          isCopied: boolean | null;
          removed: string[];
          problems: string[];
        }
      >;
      ingest: Mutation<
        Record<string, never> | undefined,
        {
          id: string;
          state: "failed" | "interrupted" | "running" | "succeeded";
          startedAt: string;
          finishedAt: string | null;
          progress: { done: number; total: number };
          counts: { added: number; changed: number; removed: number; unchanged: number; failed: number };
          error: string | null;
          files: {
            path: string;
            outcome: "added" | "changed" | "failed" | "removed" | "unchanged";
            chunks?: number | undefined;
            stage?: string | undefined;
            reason?: string | undefined;
            keptEarlierVersion?: boolean | undefined;
          }[];
        }
      >;
      ingestJobs: Query<
        { limit?: number | undefined; cursor?: string | undefined; state?: "failed" | "interrupted" | "running" | "succeeded" | undefined },
        {
          jobs: {
            id: string;
            state: "failed" | "interrupted" | "running" | "succeeded";
            startedAt: string;
            finishedAt: string | null;
            progress: { done: number; total: number };
            counts: { added: number; changed: number; removed: number; unchanged: number; failed: number };
            error: string | null;
          }[];
          nextCursor: string | null;
        }
      >;
      ingestStatus: Query<
        { id: string },
        {
          id: string;
          state: "failed" | "interrupted" | "running" | "succeeded";
          startedAt: string;
          finishedAt: string | null;
          progress: { done: number; total: number };
          counts: { added: number; changed: number; removed: number; unchanged: number; failed: number };
          error: string | null;
          files: {
            path: string;
            outcome: "added" | "changed" | "failed" | "removed" | "unchanged";
            chunks?: number | undefined;
            stage?: string | undefined;
            reason?: string | undefined;
            keptEarlierVersion?: boolean | undefined;
          }[];
        }
      >;
      ingestEvents: Subscription<
        { id: string },
        AsyncIterable<
          | {
              type: "job";
              job: {
                id: string;
                state: "failed" | "interrupted" | "running" | "succeeded";
                startedAt: string;
                finishedAt: string | null;
                progress: { done: number; total: number };
                counts: { added: number; changed: number; removed: number; unchanged: number; failed: number };
                error: string | null;
                files: {
                  path: string;
                  outcome: "added" | "changed" | "failed" | "removed" | "unchanged";
                  chunks?: number | undefined;
                  stage?: string | undefined;
                  reason?: string | undefined;
                  keptEarlierVersion?: boolean | undefined;
                }[];
              };
            }
          | {
              type: "file";
              file: {
                path: string;
                outcome: "added" | "changed" | "failed" | "removed" | "unchanged";
                chunks?: number | undefined;
                stage?: string | undefined;
                reason?: string | undefined;
                keptEarlierVersion?: boolean | undefined;
              };
            }
          | { type: "progress"; progress: { done: number; total: number } }
          | {
              type: "done";
              job: {
                id: string;
                state: "failed" | "interrupted" | "running" | "succeeded";
                startedAt: string;
                finishedAt: string | null;
                progress: { done: number; total: number };
                counts: { added: number; changed: number; removed: number; unchanged: number; failed: number };
                error: string | null;
                files: {
                  path: string;
                  outcome: "added" | "changed" | "failed" | "removed" | "unchanged";
                  chunks?: number | undefined;
                  stage?: string | undefined;
                  reason?: string | undefined;
                  keptEarlierVersion?: boolean | undefined;
                }[];
              };
            },
          void
        >
      >;
      users: {
        list: Query<
          Record<string, never> | undefined,
          { users: { id: string; username: string; email: string; isSuperuser: boolean; createdAt: string; disabledAt: string | null }[] }
        >;
        create: Mutation<
          { username: string; email: string; password: string; isSuperuser?: boolean | undefined },
          { id: string; username: string; email: string; isSuperuser: boolean; createdAt: string; disabledAt: string | null }
        >;
        disable: Mutation<{ id: string }, void>;
      };
      apiKeys: {
        list: Query<
          Record<string, never> | undefined,
          {
            apiKeys: {
              id: string;
              name: string;
              prefix: string;
              operations: (
                | "chat.ask"
                | "documents.delete"
                | "documents.get"
                | "documents.list"
                | "documents.upload"
                | "embeddings.create"
                | "feedback.write"
                | "health.details"
                | "ingest.read"
                | "ingest.start"
                | "metrics.read"
                | "models.list"
                | "search.run"
                | "sessions.delete"
                | "sessions.get"
                | "sessions.list"
              )[];
              pathPrefixes: string[] | null;
              requestsPerMinute: number | null;
              requestsPerDay: number | null;
              createdAt: string;
              expiresAt: string | null;
              revokedAt: string | null;
              lastUsedAt: string | null;
            }[];
          }
        >;
        create: Mutation<
          {
            name: string;
            operations?:
              | readonly (
                  | "chat.ask"
                  | "documents.delete"
                  | "documents.get"
                  | "documents.list"
                  | "documents.upload"
                  | "embeddings.create"
                  | "feedback.write"
                  | "health.details"
                  | "ingest.read"
                  | "ingest.start"
                  | "metrics.read"
                  | "models.list"
                  | "search.run"
                  | "sessions.delete"
                  | "sessions.get"
                  | "sessions.list"
                )[]
              | undefined;
            pathPrefixes?: readonly string[] | undefined;
            requestsPerMinute?: number | undefined;
            requestsPerDay?: number | undefined;
            expiresAt?: string | undefined;
          },
          {
            id: string;
            name: string;
            prefix: string;
            operations: (
              | "chat.ask"
              | "documents.delete"
              | "documents.get"
              | "documents.list"
              | "documents.upload"
              | "embeddings.create"
              | "feedback.write"
              | "health.details"
              | "ingest.read"
              | "ingest.start"
              | "metrics.read"
              | "models.list"
              | "search.run"
              | "sessions.delete"
              | "sessions.get"
              | "sessions.list"
            )[];
            pathPrefixes: string[] | null;
            requestsPerMinute: number | null;
            requestsPerDay: number | null;
            createdAt: string;
            expiresAt: string | null;
            revokedAt: string | null;
            lastUsedAt: string | null;
            key: string;
          }
        >;
        revoke: Mutation<{ id: string }, void>;
      };
      breaker: { reset: Mutation<Record<string, never> | undefined, { state: "CLOSED" | "HALF_OPEN" | "OPEN" }> };
      cache: { clear: Mutation<Record<string, never> | undefined, { cleared: number }> };
      index: Query<
        Record<string, never> | undefined,
        {
          search: { documents: number; chunks: number; terms: number; termSpace: number; dimensions: number; generation: number };
          vectors: {
            state: "away" | "building" | "refused" | "serving" | "waiting";
            problem?: string | undefined;
            live?: { generation: number; embedderId: string; dimensions: number } | undefined;
            previous?: number | undefined;
            building?: { generation: number; done: number; total: number } | undefined;
            chunks: number;
            missing?: number | undefined;
          } | null;
          reindex: { state: "failed" | "running" | "succeeded"; startedAt: string; finishedAt: string | null; error: string | null } | null;
        }
      >;
      reindex: Mutation<
        Record<string, never> | undefined,
        {
          search: { documents: number; chunks: number; terms: number; termSpace: number; dimensions: number; generation: number };
          vectors: {
            state: "away" | "building" | "refused" | "serving" | "waiting";
            problem?: string | undefined;
            live?: { generation: number; embedderId: string; dimensions: number } | undefined;
            previous?: number | undefined;
            building?: { generation: number; done: number; total: number } | undefined;
            chunks: number;
            missing?: number | undefined;
          } | null;
          reindex: { state: "failed" | "running" | "succeeded"; startedAt: string; finishedAt: string | null; error: string | null } | null;
        }
      >;
      switchBack: Mutation<Record<string, never> | undefined, { live: { generation: number; embedderId: string; dimensions: number } }>;
      dropPrevious: Mutation<Record<string, never> | undefined, void>;
      doctor: {
        examine: Query<
          Record<string, never> | undefined,
          {
            record: { documents: number; chunks: number };
            examined: ("collections" | "embeddings" | "search index" | "vectors")[];
            findings: {
              store: "collections" | "embeddings" | "search index" | "vectors";
              kind: "missing" | "refused" | "surplus" | "unfindable" | "unreachable";
              count: number;
              examples: string[];
            }[];
            repaired: {
              store: "collections" | "embeddings" | "search index" | "vectors";
              kind: "missing" | "refused" | "surplus" | "unfindable" | "unreachable";
              count: number;
              examples: string[];
            }[];
          }
        >;
        repair: Mutation<
          Record<string, never> | undefined,
          {
            record: { documents: number; chunks: number };
            examined: ("collections" | "embeddings" | "search index" | "vectors")[];
            findings: {
              store: "collections" | "embeddings" | "search index" | "vectors";
              kind: "missing" | "refused" | "surplus" | "unfindable" | "unreachable";
              count: number;
              examples: string[];
            }[];
            repaired: {
              store: "collections" | "embeddings" | "search index" | "vectors";
              kind: "missing" | "refused" | "surplus" | "unfindable" | "unreachable";
              count: number;
              examples: string[];
            }[];
          }
        >;
      };
    };
  }
>;
