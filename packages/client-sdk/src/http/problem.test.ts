import { describe, expect, it } from "vitest";
import { ERROR_STATUS } from "../../../core/src/errors.ts";
import type { Problem } from "../errors.ts";
import { type ErrorDetails, errorShape } from "../testing.ts";
import { asProblem, toApiError } from "./problem.ts";

const codes = Object.keys(ERROR_STATUS) as (keyof typeof ERROR_STATUS)[];

/** As REST writes it. */
const problemDocument = (status: number, code: keyof typeof ERROR_STATUS): Problem => ({
  type: `urn:rag-personal:error:${code}`,
  title: "As scripted",
  status,
  detail: "As scripted.",
  code,
  requestId: "request-1",
});

const fromTrpc = (status: number, code: keyof typeof ERROR_STATUS, details?: ErrorDetails): Problem | undefined =>
  asProblem({ error: errorShape(status, code, details) });

describe("an error of tRPC", () => {
  it("says the same as a problem document", () => {
    const issues = [{ path: "question", message: "must not be empty" }];
    expect(fromTrpc(400, "invalid_request", { issues })).toEqual({
      ...problemDocument(400, "invalid_request"),
      title: "Invalid request",
      issues,
    });
    expect(fromTrpc(429, "rate_limited", { retryAfterSeconds: 7 })).toMatchObject({ retryAfterSeconds: 7 });
  });

  it("is told from other JSON", () => {
    for (const error of [
      null,
      "text",
      [],
      {},
      { ...errorShape(429, "rate_limited"), data: null },
      { ...errorShape(429, "rate_limited"), message: 7 },
    ]) {
      expect(asProblem({ error })).toBeUndefined();
    }
  });
});

describe("a problem document", () => {
  it("of each of the server's codes becomes an error of its group with that code", () => {
    const names = codes.map((code) => {
      const status = ERROR_STATUS[code];
      const error = toApiError(problemDocument(status, code), { status });
      expect(error).toMatchObject({ code, status, requestId: "request-1" });
      return [code, error.name];
    });
    expect(Object.fromEntries(names)).toEqual({
      conflict: "ConflictError",
      forbidden: "PermissionError",
      internal: "ServerError",
      invalid_request: "InvalidRequestError",
      llm_circuit_open: "UnavailableError",
      llm_failed: "ModelError",
      llm_timeout: "ModelError",
      method_not_allowed: "InvalidRequestError",
      not_found: "NotFoundError",
      not_ready: "UnavailableError",
      not_supported: "ServerError",
      overloaded: "UnavailableError",
      payload_too_large: "InvalidRequestError",
      rate_limited: "RateLimitError",
      request_timeout: "UnavailableError",
      store_unavailable: "UnavailableError",
      unauthenticated: "AuthenticationError",
      unprocessable_document: "InvalidRequestError",
      unsupported_media_type: "InvalidRequestError",
    });
  });

  it("tells when to try again, unless the response does", () => {
    const document = { ...problemDocument(429, "rate_limited"), retryAfterSeconds: 7 };
    expect(toApiError(document, { status: 429 })).toMatchObject({ retryAfterSeconds: 7 });
    expect(toApiError(document, { status: 429, retryAfterSeconds: 3 })).toMatchObject({ retryAfterSeconds: 3 });
    expect(toApiError(problemDocument(429, "rate_limited"), { status: 429 }).retryAfterSeconds).toBeUndefined();
  });

  it("is told from other JSON", () => {
    const document = problemDocument(429, "rate_limited");
    expect(asProblem(document)).toBe(document);
    for (const value of [
      undefined,
      null,
      "text",
      [],
      {},
      { ...document, code: 7 },
      { ...document, issues: "none" },
      { ...document, retryAfterSeconds: "soon" },
    ])
      expect(asProblem(value)).toBeUndefined();
  });
});

describe("a refusal without one", () => {
  it.each([
    [400, "InvalidRequestError"],
    [401, "AuthenticationError"],
    [403, "PermissionError"],
    [404, "NotFoundError"],
    [408, "UnavailableError"],
    [409, "ConflictError"],
    [418, "InvalidRequestError"],
    [425, "UnavailableError"],
    [429, "RateLimitError"],
    [500, "ServerError"],
    [502, "UnavailableError"],
    [503, "UnavailableError"],
    [504, "UnavailableError"],
    [599, "ServerError"],
  ])("goes by its status: %i", (status, name) => {
    expect(toApiError(undefined, { status, requestId: "r1" })).toMatchObject({ name, status, code: "unknown", requestId: "r1" });
  });
});
