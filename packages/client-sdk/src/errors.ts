/** `@rag-personal/client/errors`: the error classes alone, for code that handles errors and never asks. */
export {
  ApiError,
  type ApiErrorOptions,
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  ModelError,
  NotFoundError,
  PermissionError,
  type Problem,
  RateLimitError,
  ServerError,
  UnavailableError,
} from "./errors/api-error.ts";
export {
  AbortError,
  BadResponseError,
  ConnectionError,
  IncompleteStreamError,
  TimeoutError,
  type TimeoutPhase,
  UsageError,
} from "./errors/client-errors.ts";
export type { ApiErrorCode, ClientErrorCode, RagErrorCode } from "./errors/codes.ts";
export { RagError, type RagErrorOptions } from "./errors/rag-error.ts";
