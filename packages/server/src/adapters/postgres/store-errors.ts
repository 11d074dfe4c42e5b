/** Which failures of the database mean that the store is away, and which that a statement is wrong. */
import { RagError } from "@rag-personal/core";
import postgres from "postgres";

/**
 * Classes of SQLSTATE that only a mistake in our code or schema can cause: feature not supported, wrong data, broken constraint,
 * wrong syntax or missing rights (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const MISTAKES = /^(0A|22|23|42)/;
/** Codes by which the driver says that it was called wrongly. */
const DRIVER_MISTAKES: ReadonlySet<unknown> = new Set(["MAX_PARAMETERS_EXCEEDED", "NOT_TAGGED_CALL", "UNDEFINED_VALUE", "UNSAFE_TRANSACTION"]);

/** Codes of the driver and of the system for a server from which nothing came; every other failure came from it, or at once. */
const SILENCES: ReadonlySet<unknown> = new Set([
  "CONNECT_TIMEOUT",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

const DEADLOCK = "40P01";

/**
 * Whether a statement about several rows may have failed because of one of them, and left nothing behind: wrong data, or a deadlock with
 * another server that wrote the same rows in another order.
 */
export function isFaultOfOneRow(error: unknown): boolean {
  const failure = error instanceof RagError ? error.cause : error;
  return failure instanceof postgres.PostgresError && (failure.code === DEADLOCK || MISTAKES.test(failure.code));
}

/** An error that says no more than that the store is away; the cause is for the log. */
export function storeUnavailable(message: string, cause?: unknown): RagError {
  return new RagError("store_unavailable", message, { cause, retryAfterSeconds: 5 });
}

/**
 * What to throw for an error of the driver: `store_unavailable` for everything that may pass (connections, resources, time-outs,
 * deadlocks, a wrong password), and the error itself for a mistake of ours, which no waiting heals.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof RagError) return error;
  if (error instanceof postgres.PostgresError) return MISTAKES.test(error.code) ? error : storeUnavailable("The database cannot serve now.", error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // Every failure of a socket, of TLS or of the driver has a code; an error without one was thrown by code of ours or of the language.
  if (typeof code !== "string" || DRIVER_MISTAKES.has(code) || code.startsWith("ERR_INVALID_")) return error;
  return storeUnavailable("The database cannot be reached.", error);
}

/** True for a failure after which the connection is still as it was: the server refused a statement, and did not hang up. */
export function leavesConnectionWhole(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === "ERROR";
}

/** True for a failure that the server, or the machine it runs on, has caused by saying something. */
export function isWordOfServer(error: unknown): boolean {
  if (error instanceof RagError) return false;
  return !(error instanceof Error && "code" in error && SILENCES.has(error.code));
}
