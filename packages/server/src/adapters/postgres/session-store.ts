/** Sessions as rows, written by compare-and-set on their version. */
import type { Session, SessionStore, Turn } from "@rag-personal/core";
import { JSONB } from "./column-types.ts";
import type { Query } from "./database.ts";

interface SessionRow {
  readonly id: string;
  readonly principal: string;
  readonly version: number;
  readonly turns: readonly Turn[];
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** Keeps sessions exactly, but for NUL and halves of surrogate pairs, which become U+FFFD. */
export function createSessionStore({ query }: { readonly query: Query }): SessionStore {
  return {
    async load(principal, id) {
      const [row] = await query(
        (sql) => sql<SessionRow>`
          select id, principal, version, turns, created_at_ms, updated_at_ms
          from sessions
          where id = ${id} and principal = ${principal}
        `,
      );
      return row === undefined ? undefined : toSession(row);
    },

    async list(principal, limit) {
      const rows = await query(
        (sql) => sql<SessionRow>`
          select id, principal, version, turns, created_at_ms, updated_at_ms
          from sessions
          where principal = ${principal}
          order by updated_at_ms desc, id
          limit ${limit}
        `,
      );
      return rows.map(toSession);
    },

    async save({ id, principal, version, turns, createdAtMs, updatedAtMs }) {
      const { count } = await query((sql) =>
        version === 1
          ? sql`
              insert into sessions (id, principal, version, turns, created_at_ms, updated_at_ms)
              values (${id}, ${principal}, 1, ${sql.typed(turns, JSONB)}, ${createdAtMs}, ${updatedAtMs})
              on conflict (id) do nothing
            `
          : sql`
              update sessions
              set version = ${version}, turns = ${sql.typed(turns, JSONB)}, created_at_ms = ${createdAtMs}, updated_at_ms = ${updatedAtMs}
              where id = ${id} and principal = ${principal} and version = ${version - 1}
            `,
      );
      return count === 1;
    },

    async remove(principal, id) {
      const { count } = await query((sql) => sql`delete from sessions where id = ${id} and principal = ${principal}`);
      return count === 1;
    },

    async prune(principal, keep) {
      // Two that prune at once must not wait for each other: what one is removing, the other leaves to it. The inner select stands by
      // itself because `for update` beside `offset` would lock the rows that it skips as well.
      const { count } = await query(
        (sql) => sql`
          delete from sessions
          where id in (
            select id
            from sessions
            where id in (select id from sessions where principal = ${principal} order by updated_at_ms desc, id offset ${keep})
            for update skip locked
          )
        `,
      );
      return count;
    },
  };
}

function toSession(row: SessionRow): Session {
  const { id, principal, version, turns, created_at_ms: createdAtMs, updated_at_ms: updatedAtMs } = row;
  return { id, principal, version, turns, createdAtMs, updatedAtMs };
}
