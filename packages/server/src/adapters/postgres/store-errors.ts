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
