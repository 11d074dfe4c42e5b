/** Keys that programs ask with. */
import type { ResponsePromise } from "../http/response-promise.ts";
import { array, both, nullable, number, object, type Shape, string } from "../http/shape.ts";
import type { CallOptions } from "../options.ts";
import { type Calls, noResult, only } from "../trpc/calls.ts";

/** What a key can be allowed. What changes documents must be named; a key has the others by default. */
export type KeyOperation =
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
  | "sessions.list";

/** A key without the key itself. Times are ISO 8601 in UTC. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** How the key begins, to tell it from others. */
  readonly prefix: string;
  /** Names of {@link KeyOperation}, and those of a newer server. */
  readonly operations: readonly string[];
  /** Folders outside of which no document exists for the key; null for all documents. */
  readonly pathPrefixes: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** A key that was just made. */
export interface CreatedApiKey extends ApiKey {
  /** The key itself. It is told this once. */
  readonly key: string;
}

/** A key to be made. */
export interface NewApiKey {
  readonly name: string;
  /** Default: everything that only asks and reads. */
  readonly operations?: readonly KeyOperation[] | undefined;
  /** Folders with a slash at their end, such as `handbook/`. Default: all documents. */
  readonly pathPrefixes?: readonly string[] | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  /** ISO 8601 with an offset or `Z`. Default: never. */
  readonly expiresAt?: string | undefined;
}

/**
 * API keys, for administrators.
 *
 * @example
 * ```ts
 * const { id, key } = await client.admin.apiKeys.create({ name: "kiosk", operations: ["chat.ask"], requestsPerMinute: 10 });
 * console.log(key.length, (await client.admin.apiKeys.list()).length);
 * await client.admin.apiKeys.revoke(id);
 * ```
 */
export interface ApiKeys {
  list(options?: CallOptions): ResponsePromise<readonly ApiKey[]>;
  /** @throws InvalidRequestError telling which field does not do. */
  create(key: NewApiKey, options?: CallOptions): ResponsePromise<CreatedApiKey>;
  /** Ends a key. It is repeated after any failure that may pass. @throws NotFoundError */
  revoke(id: string, options?: CallOptions): ResponsePromise<void>;
}

const apiKey: Shape<ApiKey> = object<ApiKey>({
  id: string,
  name: string,
  prefix: string,
  operations: array(string),
  pathPrefixes: nullable(array(string)),
  requestsPerMinute: nullable(number),
  requestsPerDay: nullable(number),
  createdAt: string,
  expiresAt: nullable(string),
  revokedAt: nullable(string),
  lastUsedAt: nullable(string),
});

const created: Shape<CreatedApiKey> = both(apiKey, object({ key: string }));

/** @internal */
export const createApiKeys = (calls: Calls): ApiKeys => ({
  list: (options = {}) =>
    calls.call({ repetition: "harmless", shape: array(apiKey) }, options, (trpc, given) =>
      only("apiKeys", trpc.admin.apiKeys.list.query(undefined, given)),
    ),
  create: ({ name, operations, pathPrefixes, requestsPerMinute, requestsPerDay, expiresAt }, options = {}) =>
    calls.call({ repetition: "once", shape: created }, options, (trpc, given) =>
      trpc.admin.apiKeys.create.mutate({ name, operations, pathPrefixes, requestsPerMinute, requestsPerDay, expiresAt }, given),
    ),
  revoke: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: noResult }, options, (trpc, given) => trpc.admin.apiKeys.revoke.mutate({ id }, given)),
});
