/** API keys as rows. */
import { isKeyOperation } from "../../policy.ts";
import type { ApiKeyRecord, ApiKeyStore } from "../../security/api-keys.ts";
import { JSONB } from "./column-types.ts";
import type { Query } from "./database.ts";

interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  readonly secret_hash: string;
  readonly operations: readonly string[];
  readonly path_prefixes: readonly string[] | null;
  readonly requests_per_minute: number | null;
  readonly requests_per_day: number | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly revoked_at_ms: number | null;
  readonly last_used_at_ms: number | null;
}

export function createApiKeyStore({ query }: { readonly query: Query }): ApiKeyStore {
  return {
    async insertApiKey(key) {
      const { id, name, secretHash, operations, pathPrefixes, requestsPerMinute = null, requestsPerDay = null } = key;
      const { createdAtMs, expiresAtMs = null, revokedAtMs = null, lastUsedAtMs = null } = key;
      await query(
        (sql) => sql`
          insert into api_keys (
            id, name, secret_hash, operations, path_prefixes, requests_per_minute, requests_per_day,
            created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms
          )
          values (
            ${id}, ${name}, ${secretHash}, ${sql.typed(operations, JSONB)}, ${pathPrefixes === undefined ? null : sql.typed(pathPrefixes, JSONB)},
            ${requestsPerMinute}, ${requestsPerDay}, ${createdAtMs}, ${expiresAtMs}, ${revokedAtMs}, ${lastUsedAtMs}
          )
        `,
      );
    },

    async listApiKeys() {
      const rows = await query(
        (sql) => sql<ApiKeyRow>`
          select
            id, name, secret_hash, operations, path_prefixes, requests_per_minute, requests_per_day,
            created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms
          from api_keys
          order by created_at_ms desc, id
        `,
      );
      return rows.map(toRecord);
    },

    async revokeApiKey(id, atMs) {
      const { count } = await query((sql) => sql`update api_keys set revoked_at_ms = coalesce(revoked_at_ms, ${atMs}::bigint) where id = ${id}`);
      return count === 1;
    },

    async touchApiKey(id, atMs) {
      await query(
        (sql) => sql`update api_keys set last_used_at_ms = ${atMs} where id = ${id} and (last_used_at_ms is null or last_used_at_ms < ${atMs})`,
      );
    },
  };
}

function toRecord(row: ApiKeyRow): ApiKeyRecord {
  return {
    id: row.id,
    name: row.name,
    secretHash: row.secret_hash,
    // An operation that this program does not know is one that nobody can ask for.
    operations: row.operations.filter(isKeyOperation),
    pathPrefixes: row.path_prefixes ?? undefined,
    requestsPerMinute: row.requests_per_minute ?? undefined,
    requestsPerDay: row.requests_per_day ?? undefined,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  };
}
