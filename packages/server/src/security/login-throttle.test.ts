import { describe, expect, it } from "vitest";
import { createLoginThrottle } from "./login-throttle.ts";

function throttleAt() {
  const time = { ms: 0 };
  let made = 0;
  const throttle = createLoginThrottle({ monotonic: () => time.ms, attempts: 3, windowMs: 60_000, maxWaiting: 50 });
  /** What became of an attempt. */
  const attempt = async (isRight: boolean, address = "127.0.0.1"): Promise<string> => {
    try {
      return await throttle.attempt("admin", address, async () => {
        made += 1;
        await new Promise((resolve) => setImmediate(resolve));
        if (!isRight) throw Object.assign(new Error("wrong"), { code: "wrong" });
        return "in";
      });
    } catch (error) {
      return String(Object(error).code);
    }
  };
  const all = (count: number, isRight: boolean) => Promise.all(Array.from({ length: count }, () => attempt(isRight)));
  return { time, throttle, attempt, all, made: () => made };
}

describe("login throttle", () => {
  it("lets so many attempts fail, then tells how long to wait", async () => {
    const { throttle, time, attempt } = throttleAt();
    const results: string[] = [];
    for (let count = 0; count < 4; count += 1) results.push(await attempt(false));
    expect(results).toEqual(["wrong", "wrong", "wrong", "rate_limited"]);
    time.ms = 59_000;
    await expect(throttle.attempt("admin", "127.0.0.1", async () => "in")).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 1 });
  });

  it("locks nobody out for good, and nobody else at all", async () => {
    const { time, attempt, all } = throttleAt();
    await all(10, false);
    expect(await attempt(true, "127.0.0.2")).toBe("in");
    expect(await attempt(true)).toBe("rate_limited");
    time.ms = 60_000;
    expect(await attempt(true)).toBe("in");
  });

  it("forgets failures after a success", async () => {
    const { attempt } = throttleAt();
    for (let count = 0; count < 2; count += 1) await attempt(false);
    expect(await attempt(true)).toBe("in");
    for (let count = 0; count < 3; count += 1) expect(await attempt(false)).toBe("wrong");
    expect(await attempt(true)).toBe("rate_limited");
  });

  it("lets in all who are right, however many come at once", async () => {
    const { all } = throttleAt();
    expect(new Set(await all(40, true))).toEqual(new Set(["in"]));
  });

  it("lets no more guesses be made at once than one after the other, and holds a limited number of callers", async () => {
    const { all, made } = throttleAt();
    const results = await all(1_000, false);
    expect(results.filter((result) => result === "wrong")).toHaveLength(3);
    expect(results.filter((result) => result === "rate_limited")).toHaveLength(997);
    expect(made()).toBe(3);
  });
});
