/** Makes the right error out of a response, or an event, that says no: an error of tRPC or a problem document. */
import {
  type ApiError,
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
} from "../errors/api-error.ts";
import type { ApiErrorCode } from "../errors/codes.ts";
import { array, either, matches, nothing, number, object, optional, type Shape, string } from "./shape.ts";

const problemShape: Shape<Problem> = object<Problem>({
  type: string,
  title: string,
  status: number,
  detail: string,
  code: string,
  requestId: string,
  issues: optional(array(object({ path: string, message: string }))),
  retryAfterSeconds: optional(number),
});

/** An error as the server's tRPC router writes it. */
const trpcErrorShape = object({
  message: string,
  data: object({
    code: string,
    httpStatus: number,
    requestId: either(string, nothing),
    issues: optional(array(object({ path: string, message: string }))),
    retryAfterSeconds: optional(number),
  }),
});

type Build<Code extends ApiErrorCode> = (message: string, options: ApiErrorOptions<Code>) => ApiError;

const invalid = (...given: ConstructorParameters<typeof InvalidRequestError>): ApiError => new InvalidRequestError(...given);
const unavailable = (...given: ConstructorParameters<typeof UnavailableError>): ApiError => new UnavailableError(...given);
const model = (...given: ConstructorParameters<typeof ModelError>): ApiError => new ModelError(...given);

const BY_CODE: { readonly [Code in Exclude<ApiErrorCode, "unknown">]: Build<Code> } = {
  conflict: (...given) => new ConflictError(...given),
  forbidden: (...given) => new PermissionError(...given),
  internal: (...given) => new ServerError(...given),
  invalid_request: invalid,
  llm_circuit_open: unavailable,
  llm_failed: model,
  llm_timeout: model,
  method_not_allowed: invalid,
  not_found: (...given) => new NotFoundError(...given),
  not_ready: unavailable,
  not_supported: (...given) => new ServerError(...given),
  overloaded: unavailable,
  payload_too_large: invalid,
  rate_limited: (...given) => new RateLimitError(...given),
  request_timeout: unavailable,
  store_unavailable: unavailable,
  unauthenticated: (...given) => new AuthenticationError(...given),
  unprocessable_document: invalid,
  unsupported_media_type: invalid,
};

function byStatus(message: string, options: ApiErrorOptions<"unknown">): ApiError {
  switch (options.status) {
    case 401:
      return new AuthenticationError(message, options);
    case 403:
      return new PermissionError(message, options);
    case 404:
      return new NotFoundError(message, options);
    case 409:
      return new ConflictError(message, options);
    case 429:
      return new RateLimitError(message, options);
    case 408:
    case 425:
    case 502:
    case 503:
    case 504:
      return new UnavailableError(message, options);
    default:
      return options.status < 500 ? new InvalidRequestError(message, options) : new ServerError(message, options);
  }
}

const isKnown = (code: string): code is keyof typeof BY_CODE => Object.hasOwn(BY_CODE, code);

function build<Code extends keyof typeof BY_CODE>(code: Code, message: string, options: Omit<ApiErrorOptions<Code>, "code">): ApiError {
  return BY_CODE[code](message, { ...options, code });
}

/** The problem in a parsed body, if it is a problem document or an error of tRPC. */
export function asProblem(value: unknown): Problem | undefined {
  if (matches(problemShape, value)) return value;
  const inner: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "error") : undefined;
  return asTrpcProblem(inner);
}

/** The problem in an error of tRPC, if it is one. */
export function asTrpcProblem(value: unknown): Problem | undefined {
  if (!matches(trpcErrorShape, value)) return undefined;
  const { code, httpStatus: status, requestId, issues, retryAfterSeconds } = value.data;
  return {
    type: `urn:rag-personal:error:${code}`,
    title: code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " "),
    status,
    detail: value.message,
    code,
    requestId: requestId ?? "",
    ...(issues && { issues }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

/** @param problem undefined when something answered that does not write problem documents, such as a proxy. */
export function toApiError(
  problem: Problem | undefined,
  about: { readonly status: number; readonly requestId?: string | undefined; readonly retryAfterSeconds?: number | undefined },
): ApiError {
  // The header first: a proxy in between may know better.
  const retryAfterSeconds = about.retryAfterSeconds ?? problem?.retryAfterSeconds;
  const options = { ...about, problem, requestId: problem?.requestId || about.requestId, retryAfterSeconds };
  if (problem !== undefined && isKnown(problem.code)) return build(problem.code, problem.detail, options);
  const message = problem?.detail ?? `The answer has status ${about.status} and no error of this API, so it may not come from the server itself.`;
  return byStatus(message, { ...options, code: "unknown" });
}
