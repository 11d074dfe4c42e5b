/** The schema of the configured PostgreSQL, looked at and brought up to date without starting a server. */
import { createDatabase } from "../adapters/postgres/database.ts";
import { migrate, type PendingMigrations, pendingMigrations } from "../adapters/postgres/migrate.ts";

export interface Schema {
  /** What is missing; changes nothing. */
  pending(): Promise<PendingMigrations>;
  /** Applies what is missing. @returns how many. */
  update(): Promise<number>;
  close(): Promise<void>;
}

/** @throws ExitError from its methods when the database is of a newer program that this one cannot live with. */
export function openSchema({ url, timeoutMs }: { readonly url: string; readonly timeoutMs: number }): Schema {
  const database = createDatabase({ server: { url }, maxConnections: 1, timeoutMs });
  return { pending: () => pendingMigrations(database), update: () => migrate(database), close: () => database.close(0) };
}
