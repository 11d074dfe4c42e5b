/** One connection to PostgreSQL that can be thrown away at once. */
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { ExitError } from "../../exit-error.ts";
import { COLUMN_TYPES, type Sql } from "./column-types.ts";

/** Where the server is: an address as in `DATABASE_URL`, or the Unix socket of the embedded one, which takes so many connections. */
export type PostgresAddress =
  | { readonly url: string }
  | { readonly socketPath: string; readonly user: string; readonly database: string; readonly maxConnections: number };

/** Unused connections are closed: the server may need the memory, and a gateway may have forgotten them. */
const IDLE_SECONDS = 300;
/** The name by which a PostgreSQL knows the connections of a server. */
export const SERVER_APPLICATION = "rag-personal";
/** Between attempts to connect within one call, when the server accepts and hangs up; a refusal ends the call at once. */
const BACKOFF_SECONDS = 0.05;

/** The configured address is none; it holds a password, so neither it nor the driver's error is repeated. */
const notAnAddress = (): ExitError =>
  new ExitError("DATABASE_URL is not an address of a PostgreSQL. It looks like postgres://user:password@host:5432/database.");

export interface Client {
  readonly sql: Sql;
  /** How many connections were lost or ended so far: a transaction is over once this changes, for the driver then silently makes a new one. */
  readonly losses: number;
  /** Ends the connection without waiting for anybody; whatever runs on it fails, and the server drops its transaction. */
  discard(): void;
}

/** What the driver hands to a socket factory: its options with every host of the address. */
interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

/**
 * Prepares a connection; it is made, and made anew after a loss, when a statement needs it.
 *
 * @param timeoutMs after which the server itself gives up a statement, or a transaction in which nothing happens. That cancels it even
 * when this process or the network is gone, which a cancel request, needing a connection of its own, does not; the driver's
 * `query.cancel()` moreover raises an unhandled rejection when that connection fails. The embedded server knows no time-outs.
 * @param applicationName by which the server knows the connection.
 * @param onNotification told of what is listened to on it; such a connection stays open while nothing is asked.
 */
export function createClient(
  address: PostgresAddress,
  timeoutMs: number,
  {
    applicationName = SERVER_APPLICATION,
    onNotification,
  }: { readonly applicationName?: string | undefined; readonly onNotification?: () => void } = {},
): Client {
  let socket: Socket | undefined;
  let attempts = 0;
  let losses = 0;
  let isDiscarded = false;
  const options = {
    max: 1,
    types: COLUMN_TYPES,
    // Arrays travel as JSON, so the driver need not ask for the types of arrays on each new connection.
    fetch_types: false,
    idle_timeout: onNotification === undefined ? IDLE_SECONDS : 0,
    // The driver's own `listen` does not begin again when the first attempt after a loss fails.
    onnotify: onNotification,
    max_lifetime: null,
    connect_timeout: Math.ceil(timeoutMs / 1_000),
    backoff: () => BACKOFF_SECONDS,
    // Such as "relation already exists, skipping".
    onnotice: () => {},
    onclose: () => {
      losses += 1;
    },
    connection: { application_name: applicationName, statement_timeout: timeoutMs, idle_in_transaction_session_timeout: timeoutMs },
    /** Our own, because the driver ends a connection politely, and a server that hangs never answers. */
    socket: ({ host, port, path }: Target): Socket => {
      if (isDiscarded) throw Object.assign(new Error("the connection was discarded"), { code: "CONNECTION_DESTROYED" });
      const index = attempts % host.length;
      attempts += 1;
      if (path) socket = connect(path);
      else {
        const endpoint = { host: host[index] ?? "localhost", port: port[index] ?? 5432 };
        // The driver takes the name that a certificate must have from the socket.
        socket = Object.assign(connect(endpoint), endpoint);
      }
      return socket;
    },
  };
  const sql =
    "url" in address
      ? connectByUrl(address.url, (url) => postgres(url, options))
      : postgres({ ...options, host: "localhost", path: address.socketPath, user: address.user, database: address.database });
  return {
    sql,
    get losses() {
      return losses;
    },
    discard() {
      isDiscarded = true;
      // First the driver lets go, at the next turn of the event loop: it would still write to a socket that was destroyed under its TLS
      // layer, and the error of that write, which nobody listens to by then, ends the process.
      void sql.end({ timeout: 0 }).finally(() => socket?.destroy());
    },
  };
}

function connectByUrl<T>(url: string, connectTo: (url: string) => T): T {
  if (!/^postgres(ql)?:\/\//.test(url)) throw notAnAddress();
  try {
    return connectTo(url);
  } catch {
    throw notAnAddress();
  }
}
