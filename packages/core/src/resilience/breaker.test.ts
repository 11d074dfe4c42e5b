/** The circuit breaker: its table, its corners, and a model check of random histories. */
import { describe, expect, it } from "vitest";
import { checkBreakerHistories } from "../../test-support/breaker-histories.ts";
import { RagError } from "../errors.ts";
import { type BreakerTransition, type CircuitBreakerOptions, createCircuitBreaker } from "./breaker.ts";

function scene(options: Partial<CircuitBreakerOptions> = {}) {
  let now = 0;
  const transitions: string[] = [];
  const breaker = createCircuitBreaker({
    clock: { monotonic: () => now },
    onTransition: ({ from, to }: BreakerTransition) => transitions.push(`${from} → ${to}`),
    ...options,
  });
  const fail = (times = 1) => {
    for (let call = 0; call < times; call += 1) breaker.enter().failed();
  };
  const succeed = (times = 1) => {
    for (let call = 0; call < times; call += 1) breaker.enter().succeeded();
  };
  return {
    breaker,
    transitions,
    fail,
    succeed,
    wait: (ms: number) => {
      now += ms;
    },
    refusal(): unknown {
      try {
        breaker.enter().toldNothing();
      } catch (error) {
        return error;
      }
      return undefined;
    },
    halfOpen() {
      fail(5);
      now += 30_000;
    },
  };
}

describe("a closed circuit", () => {
  it("opens after 5 consecutive failures", () => {
    const { breaker, fail, transitions } = scene();
    fail(4);
    expect(breaker.state()).toBe("CLOSED");
    fail();
    expect(breaker.state()).toBe("OPEN");
    expect(transitions).toEqual(["CLOSED → OPEN"]);
  });

  it("starts counting anew after a success", () => {
    const { breaker, fail, succeed } = scene();
    fail(4);
    succeed();
    fail(4);
    expect(breaker.state()).toBe("CLOSED");
  });

  it("is neither opened nor soothed by calls that told nothing", () => {
    const { breaker, fail } = scene();
    fail(4);
    for (let call = 0; call < 10; call += 1) breaker.enter().toldNothing();
    expect(breaker.state()).toBe("CLOSED");
    fail();
    expect(breaker.state()).toBe("OPEN");
  });
});

describe("an open circuit", () => {
  it("refuses at once and says when to come back", () => {
    const { fail, wait, refusal } = scene();
    fail(5);
    expect(refusal()).toBeInstanceOf(RagError);
    wait(100);
    expect(refusal()).toMatchObject({ code: "llm_circuit_open", retryAfterSeconds: 30 });
    wait(29_000);
    expect(refusal()).toMatchObject({ retryAfterSeconds: 1 });
  });

  it("reads half-open after 30 s even if nobody calls", () => {
    const { breaker, fail, wait, transitions } = scene();
    fail(5);
    wait(29_999);
    expect(breaker.state()).toBe("OPEN");
    wait(1);
    expect(breaker.state()).toBe("HALF_OPEN");
    expect(transitions).toEqual(["CLOSED → OPEN", "OPEN → HALF_OPEN"]);
  });
});

describe("a half-open circuit", () => {
  it("closes after 3 successes", () => {
    const { breaker, halfOpen, succeed } = scene();
    halfOpen();
    succeed(2);
    expect(breaker.state()).toBe("HALF_OPEN");
    succeed();
    expect(breaker.state()).toBe("CLOSED");
  });

  it("opens again for the whole time on any failure", () => {
    const { breaker, halfOpen, succeed, fail, wait } = scene();
    halfOpen();
    succeed(2);
    fail();
    wait(29_999);
    expect(breaker.state()).toBe("OPEN");
    wait(1);
    expect(breaker.state()).toBe("HALF_OPEN");
  });

  it("counts the successes of this time only", () => {
    const { breaker, halfOpen, succeed, fail, wait } = scene();
    halfOpen();
    succeed(2);
    fail();
    wait(30_000);
    succeed(2);
    expect(breaker.state()).toBe("HALF_OPEN");
  });

  it("refuses callers beyond its probes at once, and lets the next one in when a probe ends", () => {
    const { breaker, halfOpen, refusal } = scene();
    halfOpen();
    const probe = breaker.enter();
    expect(refusal()).toMatchObject({ code: "llm_circuit_open", retryAfterSeconds: 1 });
    probe.toldNothing();
    expect(refusal()).toBeUndefined();
  });

  it("is not spoiled by a failure, nor closed by successes, of calls that began before it opened", () => {
    const { breaker, halfOpen } = scene();
    const old = Array.from({ length: 4 }, () => breaker.enter());
    halfOpen();
    expect(breaker.state()).toBe("HALF_OPEN");
    old[0]?.failed();
    for (const permit of old.slice(1)) permit.succeeded();
    expect(breaker.state()).toBe("HALF_OPEN");
  });
});

describe("reset", () => {
  it("closes by hand and disregards what is under way", () => {
    const { breaker, fail, transitions } = scene();
    const late = breaker.enter();
    fail(5);
    breaker.reset();
    expect(breaker.state()).toBe("CLOSED");
    expect(transitions).toEqual(["CLOSED → OPEN", "OPEN → CLOSED"]);
    fail(4);
    late.failed();
    expect(breaker.state()).toBe("CLOSED");
  });
});

describe("run", () => {
  it("gives back the result, or throws what the call threw", async () => {
    const { breaker } = scene();
    await expect(breaker.run(async () => 7)).resolves.toBe(7);
    await expect(breaker.run(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
  });

  it("counts failures as evidence unless told otherwise", async () => {
    const { breaker } = scene({ failureThreshold: 1 });
    const fails = () => Promise.reject(new Error("x"));
    await breaker.run(fails, () => false).catch(() => undefined);
    expect(breaker.state()).toBe("CLOSED");
    await breaker.run(fails).catch(() => undefined);
    expect(breaker.state()).toBe("OPEN");
    await expect(breaker.run(async () => 7)).rejects.toMatchObject({ code: "llm_circuit_open" });
  });
});

describe("settings that could never work", () => {
  it.each([
    { failureThreshold: 0 },
    { halfOpenSuccesses: 0 },
    { halfOpenMaxConcurrent: 0 },
    { halfOpenMaxConcurrent: 1.5 },
    { openMs: -1 },
    { openMs: Number.NaN },
    { openMs: Number.POSITIVE_INFINITY },
  ])("refuses %j", (options) => {
    expect(() => scene(options)).toThrow(RangeError);
  });
});

describe("any history of calls, late replies and waits", () => {
  it("agrees with the table", () => {
    expect(checkBreakerHistories({ runs: 3_000 }).steps).toBeGreaterThan(30_000);
  });
});
