/** The server answered, and the answer was no: one class for each group of codes. */
import type { ApiErrorCode } from "./codes.ts";
import { RagError, type RagErrorOptions } from "./rag-error.ts";

/** What the server told of a failure, in the fields of a problem document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** As sent, also when it is newer than this package and {@link ApiError.code} is therefore `unknown`. */
  readonly code: string;
  readonly requestId: string;
  /** Which fields of the request are wrong, and how. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  /** Seconds to wait before another attempt; an error within a stream has no other place for it. */
  readonly retryAfterSeconds?: number;
}

/** What an {@link ApiError} is made from. */
export interface ApiErrorOptions<Code extends ApiErrorCode> extends RagErrorOptions {
  readonly code: Code;
  readonly status: number;
  readonly problem?: Problem | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429, 502, 503, 504];

/**
 * The server refused or failed.
 *
 * @example
 * ```ts
 * if (error instanceof ApiError && error.retryable) {
 *   console.log(`Try again in ${error.retryAfterSeconds ?? 10} s (request ${error.requestId}).`);
 * }
 * ```
 */
export class ApiError<Code extends ApiErrorCode = ApiErrorCode> extends RagError<Code> {
  static override readonly kind: string = "ApiError";
  /** The HTTP status. For an error inside a stream, the one that it tells. */
  readonly status: number;
  /** Undefined when the answer was no error of this API, as from a proxy in between. */
  readonly problem: Problem | undefined;
  /** Seconds to wait before another attempt, when the server told. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, options: ApiErrorOptions<Code>) {
    super(options.code, message, options);
    this.status = options.status;
    this.problem = options.problem;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** True when the same request may succeed later. It says nothing about whether the failed one left traces. */
  get retryable(): boolean {
    return RETRYABLE_STATUSES.includes(this.status);
  }
}

/** The request is at fault: it will fail the same way again. */
export class InvalidRequestError extends ApiError<
  "invalid_request" | "method_not_allowed" | "payload_too_large" | "unprocessable_document" | "unsupported_media_type" | "unknown"
> {
  static override readonly kind: string = "InvalidRequestError";
}

/** No credential, or not a valid one. */
export class AuthenticationError extends ApiError<"unauthenticated" | "unknown"> {
  static override readonly kind: string = "AuthenticationError";
}

/** The credential is valid and does not allow this. */
export class PermissionError extends ApiError<"forbidden" | "unknown"> {
  static override readonly kind: string = "PermissionError";
}

/** There is no such thing, or it belongs to somebody else. */
export class NotFoundError extends ApiError<"not_found" | "unknown"> {
  static override readonly kind: string = "NotFoundError";
}

/** Somebody else was faster. */
export class ConflictError extends ApiError<"conflict" | "unknown"> {
  static override readonly kind: string = "ConflictError";
}

/** Too many requests. */
export class RateLimitError extends ApiError<"rate_limited" | "unknown"> {
  static override readonly kind: string = "RateLimitError";
}

/** The server, or something it stands on, cannot do it at the moment. */
export class UnavailableError extends ApiError<
  "llm_circuit_open" | "not_ready" | "overloaded" | "request_timeout" | "store_unavailable" | "unknown"
> {
  static override readonly kind: string = "UnavailableError";
}

/** The language model behind the server failed or was too slow. */
export class ModelError extends ApiError<"llm_failed" | "llm_timeout"> {
  static override readonly kind: string = "ModelError";
}

/** The server failed in a way it did not foresee, and its log has the request id; or it is of a kind that cannot do this (`not_supported`). */
export class ServerError extends ApiError<"internal" | "not_supported" | "unknown"> {
  static override readonly kind: string = "ServerError";
}
