/** Every code an error of this package can carry. */

/** Codes the server gives. They are never renamed; `unknown` stands for one that is newer than this package, or for an answer without any. */
export type ApiErrorCode =
  | "conflict"
  | "forbidden"
  | "internal"
  | "invalid_request"
  | "llm_circuit_open"
  | "llm_failed"
  | "llm_timeout"
  | "method_not_allowed"
  | "not_found"
  | "not_ready"
  | "not_supported"
  | "overloaded"
  | "payload_too_large"
  | "rate_limited"
  | "request_timeout"
  | "store_unavailable"
  | "unauthenticated"
  | "unprocessable_document"
  | "unsupported_media_type"
  | "unknown";

/** Codes of what goes wrong on this side of the connection. */
export type ClientErrorCode = "aborted" | "bad_response" | "connection_failed" | "incomplete_stream" | "invalid_usage" | "timed_out";

/** Every code there is, so that a `switch` over `error.code` can be exhaustive. */
export type RagErrorCode = ApiErrorCode | ClientErrorCode;
