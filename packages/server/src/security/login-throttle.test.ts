import { describe, expect, it } from "vitest";
import { createLoginThrottle } from "./login-throttle.ts";

function throttleAt() {
  const time = { ms: 0 };
  return { time, throttle: createLoginThrottle({ monotonic: () => time.ms, attempts: 3, windowMs: 60_000 }) };
}

const attempt = (run: () => void): string => {
  try {
    run();
    return "admitted";
  } catch (error) {
    return String((error as { code: string }).code);
  }
};

describe("login throttle", () => {
  it("admits so many attempts, then tells how long to wait", () => {
    const { throttle, time } = throttleAt();
    const results = Array.from({ length: 4 }, () => attempt(() => throttle.admit("admin", "127.0.0.1")));
    expect(results).toEqual(["admitted", "admitted", "admitted", "rate_limited"]);
    time.ms = 59_000;
    expect(() => throttle.admit("admin", "127.0.0.1")).toThrow(expect.objectContaining({ retryAfterSeconds: 1 }));
  });

  it("locks nobody out for good, and nobody else at all", () => {
    const { throttle, time } = throttleAt();
    for (let i = 0; i < 10; i++) attempt(() => throttle.admit("admin", "127.0.0.1"));
    expect(attempt(() => throttle.admit("admin", "127.0.0.2"))).toBe("admitted");
    time.ms = 60_000;
    expect(attempt(() => throttle.admit("admin", "127.0.0.1"))).toBe("admitted");
  });

  it("forgets failures after a success", () => {
    const { throttle } = throttleAt();
    for (let i = 0; i < 2; i++) throttle.admit("admin", "::1");
    throttle.succeeded("admin", "::1");
    expect(Array.from({ length: 3 }, () => attempt(() => throttle.admit("admin", "::1")))).toEqual(["admitted", "admitted", "admitted"]);
  });
});
