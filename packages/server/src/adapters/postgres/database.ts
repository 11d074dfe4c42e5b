/** Statements and transactions with deadlines, over a bounded number of connections. */
import type postgres from "postgres";
import { type Client, createClient, type PostgresAddress } from "./client.ts";
import type { Sql } from "./column-types.ts";
import { createPlaces } from "./places.ts";
import { createProbe } from "./probe.ts";
import { createSilenceGate } from "./silence-gate.ts";
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

/**
 * The same for what a statement gives besides rows, such as the stream of a `COPY`.
 *
 * @example
 * const stream = await run((sql) => sql`copy feedback to stdout`.readable());
 */
export type Run = <T>(statement: (sql: Sql) => PromiseLike<T>) => Promise<T>;

export interface DatabaseOptions {
  readonly server: PostgresAddress;
  /** Connections at most; the server's own limit wins when it is lower. */
  readonly maxConnections: number;
  /** By which the server knows the connections. Default: that of a running server, which a restore looks for. */
  readonly applicationName?: string | undefined;
  /** Deadline of a statement in milliseconds, waiting for a connection included. In a transaction, each later one has it anew. */
  readonly timeoutMs: number;
  /** How long to wait for a free connection, in milliseconds. Default: half of `timeoutMs`, so that as much is left for the statement. */
  readonly acquireTimeoutMs?: number | undefined;
  /**
   * Milliseconds without a word from the server, to whomever, after which it counts as silent: those who wait for it are refused, and so is
   * everybody else at once, until it says something again. One connection more asks for that word. Default: nobody is refused before the
   * deadline. It does not count for the embedded server, which says nothing while its one thread works.
   */
  readonly silenceMs?: number | undefined;
  /** Told each time the server falls silent or is heard again. */
  readonly onSilence?: ((isSilent: boolean) => void) | undefined;
}

export interface Database {
  /** Connections at most. */
  readonly connections: number;
  readonly query: Query;
  /** The server says nothing; every new call is refused at once. */
  isSilent(): boolean;
  /**
   * Runs `work` in one transaction, on one connection. It is rolled back when `work` throws, or the connection is lost.
   *
   * @param options.timeoutMs deadline of each statement, in place of the database's. Whoever brings one is patient, and waits through a
   * silence of the server.
   */
  transaction<T>(work: (query: Query, run: Run) => Promise<T>, options?: { readonly timeoutMs?: number }): Promise<T>;
  /** Refuses new calls, waits for those in flight `timeoutMs` milliseconds at most, and closes the connections. */
  close(timeoutMs: number): Promise<void>;
}

const silent = () => storeUnavailable("The database gives no answer.");

export function createDatabase(options: DatabaseOptions): Database {
  const { server, maxConnections, applicationName, timeoutMs, acquireTimeoutMs = timeoutMs / 2, silenceMs, onSilence } = options;
  const connections = "url" in server ? maxConnections : Math.min(maxConnections, server.maxConnections);
  const places = createPlaces(connections);
  /** Connections nobody uses; the one used last is taken first. */
  const unused: Client[] = [];
  const all = new Set<Client>();
  const probe = createProbe(server);
  const gate =
    silenceMs === undefined || !("url" in server)
      ? undefined
      : createSilenceGate({
          silenceMs,
          probe: probe.ask,
          onChange(isShut) {
            if (isShut) places.sendAway();
            onSilence?.(isShut);
          },
        });
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw storeUnavailable("The store is closed.");
    if (gate?.isShut) throw silent();
  }

  function discard(client: Client): void {
    if (!all.delete(client)) return;
    client.discard();
  }

  /** Lends a connection to `work`, and throws it away instead of taking it back when it broke or a deadline passed. */
  async function withClient<T>(deadlineMs: number, work: (client: Client, within: StatementDeadline["within"]) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    requireOpen();
    const release = await places.take(acquireTimeoutMs);
    if (release === undefined && gate?.isShut) throw silent();
    if (release === undefined) throw storeUnavailable(`No connection to the database became free within ${acquireTimeoutMs} ms.`);
    try {
      requireOpen();
      const client = unused.pop() ?? createClient(server, timeoutMs, { applicationName });
      all.add(client);
      const waitedMs = performance.now() - startedAt;
      const deadline = startStatementDeadline(deadlineMs - waitedMs + SERVER_WORD_MS, deadlineMs + SERVER_WORD_MS, {
        onExpiry() {
          discard(client);
          gate?.suspect();
        },
        // The driver tells of the loss before it knows of it itself: a statement given to it meanwhile would never be answered.
        onBroken: () => discard(client),
        onWord: () => gate?.heard(),
      });
      const leave = gate?.enter(deadlineMs > timeoutMs ? () => {} : deadline.expire);
      try {
        return await work(client, deadline.within);
      } finally {
        leave?.();
        deadline.end();
        if (all.has(client)) unused.push(client);
      }
    } finally {
      release();
    }
  }

  return {
    isSilent: () => gate?.isShut ?? false,
    connections,
    query: (statement) => withClient(timeoutMs, ({ sql }, within) => within(statement(sql))),
    // Not the driver's `sql.begin`: when the connection is lost between two statements, it sends its rollback down a socket that is gone,
    // and the TypeError, thrown in a callback of the event loop, ends the process.
    transaction: (work, { timeoutMs: deadlineMs = timeoutMs } = {}) =>
      withClient(deadlineMs, async (client, within) => {
        await within(client.sql`begin`);
        const lossesBefore = client.losses;
        const run: Run = async (statement) => {
          if (client.losses !== lossesBefore) throw storeUnavailable("The connection to the database was lost within a transaction.");
          return await within(statement(client.sql));
        };
        const query: Query = (statement) => run(statement);
        try {
          if (deadlineMs !== timeoutMs) await setServerDeadline(query, deadlineMs);
          const value = await work(query, run);
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
      gate?.close();
      probe.discard();
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
