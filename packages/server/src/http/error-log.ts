/** What the log says of an error that a client was told. */
import type { RagError } from "@rag-personal/core";
import type { Log } from "../log.ts";

/** Refusals of the caller's own making stand in the line of the request alone, and what this kind of server never does. */
export function logError(log: Log, requestId: string, error: RagError): void {
  if (error.code === "internal") log.error({ requestId, err: error.cause }, "unexpected error");
  else if (error.status >= 500 && error.code !== "not_supported") log.warn({ requestId, err: error.cause, code: error.code }, error.message);
}
