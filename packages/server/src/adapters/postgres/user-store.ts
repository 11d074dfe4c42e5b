/** Users as rows. */
import type { User, UserStore } from "../../security/users.ts";
import type { Query } from "./database.ts";

interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password_hash: string;
  readonly is_superuser: boolean;
  readonly created_at_ms: number;
  readonly password_set_at_ms: number;
  readonly disabled_at_ms: number | null;
}

export function createUserStore({ query }: { readonly query: Query }): UserStore {
  return {
    async insertUser({ id, username, email, passwordHash, isSuperuser, createdAtMs, passwordSetAtMs, disabledAtMs = null }) {
      const { count } = await query(
        (sql) => sql`
          insert into users (id, username, email, password_hash, is_superuser, created_at_ms, password_set_at_ms, disabled_at_ms)
          values (${id}, ${username}, ${email}, ${passwordHash}, ${isSuperuser}, ${createdAtMs}, ${passwordSetAtMs}, ${disabledAtMs})
          on conflict (username) do nothing
        `,
      );
      return count === 1;
    },

    async listUsers() {
      const rows = await query(
        (sql) => sql<UserRow>`
          select id, username, email, password_hash, is_superuser, created_at_ms, password_set_at_ms, disabled_at_ms
          from users
          order by username
        `,
      );
      return rows.map(toUser);
    },

    async replacePasswordHash(id, { replaced, by, setAtMs = null }) {
      const { count } = await query(
        (sql) => sql`
          update users
          set password_hash = ${by}, password_set_at_ms = coalesce(${setAtMs}::bigint, password_set_at_ms)
          where id = ${id} and password_hash = ${replaced}
        `,
      );
      return count === 1;
    },

    async disableUser(id, atMs) {
      const { count } = await query((sql) => sql`update users set disabled_at_ms = coalesce(disabled_at_ms, ${atMs}::bigint) where id = ${id}`);
      return count === 1;
    },
  };
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    passwordHash: row.password_hash,
    isSuperuser: row.is_superuser,
    createdAtMs: row.created_at_ms,
    passwordSetAtMs: row.password_set_at_ms,
    disabledAtMs: row.disabled_at_ms ?? undefined,
  };
}
