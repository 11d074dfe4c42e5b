import { describe, expect, it } from "vitest";
import { ERROR_STATUS } from "../../../core/src/errors.ts";
import { problemDocument } from "../testing.ts";
import { asProblem, toApiError } from "./problem.ts";

const codes = Object.keys(ERROR_STATUS) as (keyof typeof ERROR_STATUS)[];

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
