/** Errors as MCP clients see them: of a tool as its result, of anything else by JSON-RPC; the code of core in both, and nothing internal. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { ErrorCode, RagError } from "@rag-personal/core";

/** What programs can go by, beside the message for people and models. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly retryAfterSeconds?: number;
  readonly issues?: RagError["issues"];
}

// JSON-RPC 2.0, section 5.1; the last is the first of those that it leaves to the server.
const INVALID_REQUEST = -32_600;
const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;
const SERVER_ERROR = -32_000;

const META = "rag-personal/error";

export function errorData({ code, retryAfterSeconds, issues }: RagError, requestId: string): ErrorData {
  return {
    code,
    requestId,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(issues === undefined ? {} : { issues }),
  };
}

/** A model reads it and can do better, or tell its user. */
export function toolError(error: RagError, requestId: string): CallToolResult {
  const wait = error.retryAfterSeconds === undefined ? "" : ` Try again in ${error.retryAfterSeconds} s.`;
  return {
    isError: true,
    content: [{ type: "text", text: `${error.code}: ${error.message}${wait}` }],
    _meta: { [META]: errorData(error, requestId) },
  };
}

/** Of a message whose parameters are wrong, or that cannot be answered. */
export function messageErrorCode(code: ErrorCode): number {
  if (code === "invalid_request") return INVALID_PARAMS;
  return code === "internal" ? INTERNAL_ERROR : SERVER_ERROR;
}

/** Of a request that never became a message. */
export function requestErrorCode(code: ErrorCode): number {
  return code === "invalid_request" ? INVALID_REQUEST : messageErrorCode(code);
}
