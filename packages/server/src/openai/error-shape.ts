/** Errors as OpenAI's clients read them: their shape and their status, with our own code and message. */
import { type ErrorCode, RagError } from "@rag-personal/core";
import type * as z from "zod";

type ErrorType = "invalid_request_error" | "permission_error" | "rate_limit_error" | "server_error";

export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: ErrorType;
    /** The field of the request that is wrong, as in `messages[0].content`. */
    readonly param: string | null;
    /** Of core; `invalid_api_key` and `model_not_found` where programs look for these. */
    readonly code: string;
  };
}

function typeOf(code: ErrorCode): ErrorType {
  switch (code) {
    case "invalid_request":
    case "unauthenticated":
    case "not_found":
    case "method_not_allowed":
    case "request_timeout":
    case "conflict":
    case "payload_too_large":
    case "unsupported_media_type":
    case "unprocessable_document":
      return "invalid_request_error";
    case "forbidden":
      return "permission_error";
    case "rate_limited":
      return "rate_limit_error";
    case "internal":
    case "not_supported":
    case "llm_failed":
    case "not_ready":
    case "overloaded":
    case "llm_circuit_open":
    case "store_unavailable":
    case "llm_timeout":
      return "server_error";
  }
}

export function openAiError({ code, message, issues }: RagError): OpenAiError {
  const param = issues?.[0]?.path || null;
  const isModel = code === "not_found" && param === "model";
  return { error: { message, type: typeOf(code), param, code: code === "unauthenticated" ? "invalid_api_key" : isModel ? "model_not_found" : code } };
}

/** `["messages", 0, "content"]` as `messages[0].content`. */
const nameOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((name, key) => (typeof key === "number" ? `${name}[${key}]` : name === "" ? String(key) : `${name}.${String(key)}`), "");

/** @throws RagError `invalid_request`, naming the first field that is wrong. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const isUnknown = issue?.code === "unrecognized_keys";
  const path = nameOf(isUnknown ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? []));
  const message = isUnknown ? "is not a parameter of this API" : (issue?.message ?? "is not valid");
  throw new RagError("invalid_request", `${path === "" ? "The body" : path}: ${message}`, { issues: [{ path, message }] });
}
