/** What a failure is told as: one line for the person, an exit code for the script. */
import { ApiError, RagError, type RagErrorCode } from "@rag-personal/client/errors";
import { CliError, EXIT, exitCodeOfStatus } from "./exit-codes.ts";

export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** @param address where the server was looked for, if that was known yet. */
export function describeFailure(thrown: unknown, address: string | undefined): Failure {
  if (thrown instanceof CliError) return { exitCode: thrown.exitCode, message: thrown.message };
  if (thrown instanceof RagError) return { exitCode: exitCodeOf(thrown), message: messageOf(thrown, address) };
  return { exitCode: EXIT.failed, message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** The errors below one, outermost first, one line each. */
export function describeCauses(thrown: unknown): readonly string[] {
  const lines: string[] = [];
  for (let cause = causeOf(thrown); cause !== undefined && lines.length < MAX_CAUSES; cause = causeOf(cause))
    lines.push(`cause: ${inOneLine(cause)}`);
  return lines;
}

const MAX_CAUSES = 10;

function exitCodeOf(error: RagError): number {
  const code: RagErrorCode = error.code;
  switch (code) {
    case "unauthenticated":
    case "forbidden":
      return EXIT.notAllowed;
    case "not_found":
      return EXIT.notFound;
    case "connection_failed":
    case "timed_out":
    case "not_ready":
    case "overloaded":
    case "store_unavailable":
    case "llm_circuit_open":
      return EXIT.unreachable;
    case "invalid_request":
    case "invalid_usage":
      return EXIT.usage;
    case "aborted":
      return EXIT.interrupted;
    case "bad_response":
    case "conflict":
    case "incomplete_stream":
    case "internal":
    case "llm_failed":
    case "llm_timeout":
    case "method_not_allowed":
    case "not_supported":
    case "payload_too_large":
    case "rate_limited":
    case "request_timeout":
    case "unprocessable_document":
    case "unsupported_media_type":
      return EXIT.failed;
    case "unknown":
      return error instanceof ApiError ? exitCodeOfStatus(error.status) : EXIT.failed;
  }
}

function messageOf(error: RagError, address: string | undefined): string {
  if (error.code === "connection_failed" && address !== undefined)
    return `No server answers at ${address} (${innermost(error)}). Start it, or say where it is with --url or RAG_URL.`;
  if (error.code === "bad_response") return `What answers at ${address} is not a RAG Personal server of this version: ${error.message}`;
  if (!(error instanceof ApiError)) return error.message;
  return `${error.message} (${error.requestId === undefined ? error.code : `${error.code}, request ${error.requestId}`})`;
}

function innermost(error: Error): string {
  let found: unknown = error;
  for (let depth = 0; causeOf(found) !== undefined && depth < MAX_CAUSES; depth += 1) found = causeOf(found);
  return inOneLine(found);
}

const causeOf = (thrown: unknown): unknown => (thrown instanceof Error ? thrown.cause : undefined);

/** Several addresses tried in vain make an error without words of its own, but with a code. */
function inOneLine(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const code = "code" in thrown ? String(thrown.code) : thrown.name;
  return (thrown.message === "" ? code : thrown.message).replaceAll(/\s*\n\s*/g, " ");
}
