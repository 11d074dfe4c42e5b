/** Errors as tRPC clients see them: the code of core in `data.code`, and nothing internal. */
import { type ErrorCode, RagError } from "@rag-personal/core";
import type { TRPCError } from "@trpc/server";
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import * as z from "zod";
import { toRagError } from "../http/problem.ts";
import { invalidInput } from "../http/read-body.ts";

/** An error as it goes over the wire. */
export interface ErrorShape {
  readonly message: string;
  /** Of JSON-RPC 2.0. */
  readonly code: number;
  readonly data: {
    readonly code: ErrorCode;
    readonly httpStatus: number;
    readonly path?: string;
    readonly requestId: string | null;
    readonly retryAfterSeconds?: number;
    readonly issues?: RagError["issues"];
  };
}

const CODE_OF_OURS: Readonly<Record<ErrorCode, TRPC_ERROR_CODE_KEY>> = {
  invalid_request: "BAD_REQUEST",
  unauthenticated: "UNAUTHORIZED",
  forbidden: "FORBIDDEN",
  not_found: "NOT_FOUND",
  method_not_allowed: "METHOD_NOT_SUPPORTED",
  request_timeout: "TIMEOUT",
  conflict: "CONFLICT",
  payload_too_large: "PAYLOAD_TOO_LARGE",
  unsupported_media_type: "UNSUPPORTED_MEDIA_TYPE",
  unprocessable_document: "UNPROCESSABLE_CONTENT",
  rate_limited: "TOO_MANY_REQUESTS",
  internal: "INTERNAL_SERVER_ERROR",
  not_supported: "NOT_IMPLEMENTED",
  llm_failed: "BAD_GATEWAY",
  not_ready: "SERVICE_UNAVAILABLE",
  overloaded: "SERVICE_UNAVAILABLE",
  llm_circuit_open: "SERVICE_UNAVAILABLE",
  store_unavailable: "SERVICE_UNAVAILABLE",
  llm_timeout: "GATEWAY_TIMEOUT",
};

/** What tRPC itself refuses: a path without a procedure, a method, a body. Its messages name what was sent, never what is inside. */
const CODE_OF_TRPC: Partial<Record<TRPC_ERROR_CODE_KEY, ErrorCode>> = {
  PARSE_ERROR: "invalid_request",
  BAD_REQUEST: "invalid_request",
  NOT_FOUND: "not_found",
  METHOD_NOT_SUPPORTED: "method_not_allowed",
  PAYLOAD_TOO_LARGE: "payload_too_large",
  UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
};

/** What a caller may be told of anything that tRPC caught. */
export function refusalOf(error: TRPCError): RagError {
  if (error.cause instanceof RagError) return error.cause;
  // A result that does not satisfy its own schema is a mistake of the server.
  if (error.code === "BAD_REQUEST" && error.cause instanceof z.ZodError) return invalidInput(error.cause);
  const code = CODE_OF_TRPC[error.code];
  return code === undefined ? toRagError(error.cause ?? error) : new RagError(code, error.message, { cause: error });
}

export function errorShape(error: TRPCError, path: string | undefined, requestId: string | undefined): ErrorShape {
  const { code, status, message, retryAfterSeconds, issues } = refusalOf(error);
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[CODE_OF_OURS[code]],
    data: {
      code,
      httpStatus: status,
      ...(path === undefined ? {} : { path }),
      requestId: requestId ?? null,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(issues === undefined ? {} : { issues }),
    },
  };
}
