/** Statements and transactions with deadlines, over a bounded number of connections. */
import type postgres from "postgres";
import { type Client, createClient, type PostgresAddress } from "./client.ts";
import type { Sql } from "./column-types.ts";
import { createPlaces } from "./places.ts";
import { type StatementDeadline, startStatementDeadline } from "./statement-deadline.ts";
import { storeUnavailable } from "./store-errors.ts";

/** The server cancels a statement at the deadline itself; so much longer we wait to hear it and keep the connection. */
const SERVER_WORD_MS = 100;

/**
 * Runs one statement.
 *
 * @example
 * const [row] = await query((sql) => sql<{ one: number }>`select 1 as one`);
 * @throws RagError `store_unavailable`; or the driver's error when the statement is wrong.
 */
export type Query = <Row extends object>(statement: (sql: Sql) => postgres.PendingQuery<Row[]>) => Promise<postgres.RowList<Row[]>>;

export interface DatabaseOptions {
  readonly server: PostgresAddress;
  /** Connections at most; the server's own limit wins when it is lower. */
  readonly maxConnections: number;
  /** Deadline of a statement in milliseconds, waiting for a connection included. In a transaction, each later one has it anew. */
  readonly timeoutMs: number;
  /** How long to wait for a free connection, in milliseconds. Default: half of `timeoutMs`, so that as much is left for the statement. */
  readonly acquireTimeoutMs?: number | undefined;
}

export interface Database {
  readonly query: Query;
  /**
   * Runs `work` in one transaction, on one connection. It is rolled back when `work` throws, or the connection is lost.
   *
   * @param options.timeoutMs deadline of each statement, in place of the database's.
   */
  transaction<T>(work: (query: Query) => Promise<T>, options?: { readonly timeoutMs?: number }): Promise<T>;
  /** Refuses new calls, waits for those in flight `timeoutMs` milliseconds at most, and closes the connections. */
  close(timeoutMs: number): Promise<void>;
}

export function createDatabase({ server, maxConnections, timeoutMs, acquireTimeoutMs = timeoutMs / 2 }: DatabaseOptions): Database {
  const places = createPlaces("url" in server ? maxConnections : Math.min(maxConnections, server.maxConnections));
  /** Connections nobody uses; the one used last is taken first. */
  const unused: Client[] = [];
  const all = new Set<Client>();
  let isClosed = false;

  function discard(client: Client): void {
    all.delete(client);
    client.discard();
  }

  /** Lends a connection to `work`, and throws it away instead of taking it back when a deadline passed. */
  async function withClient<T>(deadlineMs: number, work: (client: Client, within: StatementDeadline["within"]) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    if (isClosed) throw storeUnavailable("The store is closed.");
    const release = await places.take(acquireTimeoutMs);
    if (release === undefined) throw storeUnavailable(`No connection to the database became free within ${acquireTimeoutMs} ms.`);
    try {
      if (isClosed) throw storeUnavailable("The store is closed.");
      const client = unused.pop() ?? createClient(server, timeoutMs);
      all.add(client);
      const waitedMs = performance.now() - startedAt;
      const deadline = startStatementDeadline(deadlineMs - waitedMs + SERVER_WORD_MS, deadlineMs + SERVER_WORD_MS, () => discard(client));
      try {
        return await work(client, deadline.within);
      } finally {
        deadline.end();
        if (all.has(client)) unused.push(client);
      }
    } finally {
      release();
    }
  }

  return {
    query: (statement) => withClient(timeoutMs, ({ sql }, within) => within(statement(sql))),
    // Not the driver's `sql.begin`: when the connection is lost between two statements, it sends its rollback down a socket that is gone,
    // and the TypeError, thrown in a callback of the event loop, ends the process.
    transaction: (work, { timeoutMs: deadlineMs = timeoutMs } = {}) =>
      withClient(deadlineMs, async (client, within) => {
        await within(client.sql`begin`);
        const lossesBefore = client.losses;
        const query: Query = async (statement) => {
          if (client.losses !== lossesBefore) throw storeUnavailable("The connection to the database was lost within a transaction.");
          return await within(statement(client.sql));
        };
        try {
          if (deadlineMs !== timeoutMs) await setServerDeadline(query, deadlineMs);
          const value = await work(query);
          // PostgreSQL answers a commit of a failed transaction with a rollback and no error.
          const { command } = await query((sql) => sql`commit`);
          if (command !== "COMMIT") throw new Error("a statement of the transaction failed, and its error was passed over");
          return value;
        } catch (error) {
          await query((sql) => sql`rollback`).catch(() => discard(client));
          throw error;
        }
      }),
    async close(closeTimeoutMs) {
      isClosed = true;
      const { promise: timeout, resolve: giveUp } = Promise.withResolvers<void>();
      const timer = setTimeout(giveUp, closeTimeoutMs);
      await Promise.race([places.idle(), timeout]);
      clearTimeout(timer);
      for (const client of all) discard(client);
    },
  };
}

/** Until the end of the transaction. */
async function setServerDeadline(query: Query, deadlineMs: number): Promise<void> {
  const value = String(deadlineMs);
  await query(
    (sql) => sql`select set_config('statement_timeout', ${value}, true), set_config('idle_in_transaction_session_timeout', ${value}, true)`,
  );
}
