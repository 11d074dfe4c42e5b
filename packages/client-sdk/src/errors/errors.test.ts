import { createContext, runInContext } from "node:vm";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import {
  AbortError,
  ApiError,
  type ApiErrorCode,
  ConnectionError,
  IncompleteStreamError,
  RagError,
  type RagErrorCode,
  RateLimitError,
  ServerError,
  TimeoutError,
} from "../errors.ts";

/** The same module once more, as a second installed copy would be. */
async function secondCopy(): Promise<typeof import("../errors.ts")> {
  vi.resetModules();
  return import("../errors.ts");
}

describe("the error tree", () => {
  it("has one root and a class for each group", () => {
    const error = new RateLimitError("Too many.", { code: "rate_limited", status: 429, retryAfterSeconds: 3, requestId: "r1" });
    expect(error).toBeInstanceOf(RagError);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).not.toBeInstanceOf(ServerError);
    expect(error).toMatchObject({
      name: "RateLimitError",
      code: "rate_limited",
      status: 429,
      retryAfterSeconds: 3,
      requestId: "r1",
      retryable: true,
    });
  });

  it("recognises the errors of a second copy of the package", async () => {
    const other = await secondCopy();
    expect(other.RateLimitError).not.toBe(RateLimitError);
    const error: unknown = new other.RateLimitError("Too many.", { code: "rate_limited", status: 429 });
    expect(error instanceof RateLimitError).toBe(true);
    expect(error instanceof ApiError).toBe(true);
    expect(error instanceof RagError).toBe(true);
    expect(error instanceof AbortError).toBe(false);
  });

  it("recognises an error whose realm has another Error", () => {
    const error: unknown = runInContext(
      `class Foreign extends Error {}; Object.assign(new Foreign("x"), { [Symbol.for("@rag-personal/client/error-kinds")]: ["TimeoutError", "RagError"] })`,
      createContext({}),
    );
    expect(error instanceof Error).toBe(false);
    expect(error instanceof TimeoutError).toBe(true);
    expect(error instanceof RagError).toBe(true);
  });

  it("does not take anything else for one of its own", () => {
    for (const value of [new Error("x"), undefined, null, "RagError", { name: "RagError", kinds: ["RagError"] }]) {
      expect(value instanceof RagError).toBe(false);
    }
  });

  it("tells apart a subclass written elsewhere", () => {
    class QuotaError extends RateLimitError {}
    const plain: unknown = new RateLimitError("Too many.", { code: "rate_limited", status: 429 });
    const special: unknown = new QuotaError("Too many.", { code: "rate_limited", status: 429 });
    expect(plain instanceof QuotaError).toBe(false);
    expect(special instanceof QuotaError).toBe(true);
    expect(special instanceof RateLimitError).toBe(true);
  });

  it("keeps the lower error as the cause", () => {
    const cause = new Error("socket hang up");
    expect(new ConnectionError("Broken.", { mayHaveBeenSent: true, cause }).cause).toBe(cause);
    expect("cause" in new IncompleteStreamError("The war")).toBe(false);
  });

  it("narrows by instanceof and by code", () => {
    const error: unknown = new TimeoutError("idle", 45_000);
    if (error instanceof TimeoutError) expectTypeOf(error.phase).toEqualTypeOf<"deadline" | "first_byte" | "idle">();
    if (error instanceof RagError) expectTypeOf(error.code).toEqualTypeOf<RagErrorCode>();
    if (error instanceof ApiError) expectTypeOf(error.code).toEqualTypeOf<ApiErrorCode>();
    if (error instanceof RateLimitError) expectTypeOf(error.code).toEqualTypeOf<"rate_limited" | "unknown">();
    expect(String(error)).toBe("TimeoutError: The stream went silent within 45000 ms and was cancelled.");
  });
});
