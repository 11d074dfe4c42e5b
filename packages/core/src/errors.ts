/** The typed errors of the product: one hierarchy, one stable `code` each, one HTTP status beside it. */

/** Every code that can reach a client. Codes are never renamed; new ones may be added. */
export const ERROR_STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unprocessable_document: 422,
  rate_limited: 429,
  internal: 500,
  not_supported: 501,
  llm_failed: 502,
  not_ready: 503,
  overloaded: 503,
  llm_circuit_open: 503,
  store_unavailable: 503,
  llm_timeout: 504,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** What a {@link RagError} may carry besides its message. */
export interface RagErrorOptions {
  /** The lower error, for the log alone; it never reaches a client. */
  readonly cause?: unknown;
  /** Whole seconds after which a retry makes sense. */
  readonly retryAfterSeconds?: number;
  /** Which fields of the input are wrong, and how. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

/**
 * An error whose code and message may be shown to a client.
 *
 * @example
 * throw new RagError("not_found", "No session with this id. Start one by asking without sessionId.");
 */
export class RagError extends Error {
  override readonly name = "RagError";
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly issues: RagErrorOptions["issues"];

  constructor(code: ErrorCode, message: string, options: RagErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.issues = options.issues;
  }

  /** The HTTP status that belongs to the code. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }
}
