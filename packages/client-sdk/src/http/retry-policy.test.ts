import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError, ConnectionError } from "../errors.ts";
import { type Repetition, retryDelayMs } from "./retry-policy.ts";

const status = (code: number, retryAfterSeconds?: number): ApiError => new ApiError("No.", { code: "unknown", status: code, retryAfterSeconds });
const connection = (mayHaveBeenSent: boolean): ConnectionError => new ConnectionError("Broken.", { mayHaveBeenSent });

function delay(error: ApiError | ConnectionError, repetition: Repetition, { attempt = 0, maxRetries = 2, random = 0.5 } = {}): number | undefined {
  return retryDelayMs(error, { repetition, attempt, maxRetries, random: () => random });
}

describe("what may be repeated", () => {
  it("is any passing failure, for a request that is harmless", () => {
    for (const code of [408, 425, 429, 502, 503, 504]) expect(delay(status(code), "harmless")).toBe(250);
    expect(delay(connection(true), "harmless")).toBe(250);
    for (const code of [400, 401, 403, 404, 409, 413, 500, 501]) expect(delay(status(code), "harmless")).toBeUndefined();
  });

  it("is only what certainly was not done, for a request that counts once", () => {
    expect(delay(status(429), "once")).toBe(250);
    expect(delay(status(503, 0), "once")).toBe(250);
    expect(delay(connection(false), "once")).toBe(250);
    for (const code of [408, 425, 500, 502, 503, 504]) expect(delay(status(code), "once")).toBeUndefined();
    expect(delay(connection(true), "once")).toBeUndefined();
  });
});

describe("the wait before another attempt", () => {
  it("grows with each one and stays below eight seconds", () => {
    const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => delay(status(429), "once", { attempt, maxRetries: 99, random: 1 }));
    expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it("is never before the moment the server named", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (seconds, random) => {
        const waitMs = delay(status(503, seconds), "once", { random });
        expect(waitMs).toBeGreaterThanOrEqual(seconds * 1_000);
        expect(waitMs).toBeLessThanOrEqual(seconds * 1_000 + 500);
      }),
    );
  });

  it("is not made when the server names more than half a minute", () => {
    expect(delay(status(429, 31), "once")).toBeUndefined();
    expect(delay(status(429, 30), "once")).toBe(30_250);
  });

  it("ends with the attempts", () => {
    expect(delay(status(429), "once", { attempt: 1 })).toBe(500);
    expect(delay(status(429), "once", { attempt: 2 })).toBeUndefined();
    expect(delay(status(429), "once", { maxRetries: 0 })).toBeUndefined();
  });
});
