/** The circuit breaker: its table, its corners, and a model check of random histories. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import {
  type BreakerPermit,
  type BreakerState,
  type BreakerTransition,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  createCircuitBreaker,
} from "./breaker.ts";

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

/** The runbook's table, written down a second time: each call remembers in which phase it began. */
class Model {
  state: BreakerState = "CLOSED";
  phase = 0;
  failures = 0;
  successes = 0;
  probes = 0;
  openedAt = 0;
  readonly limits: { readonly failures: number; readonly openMs: number; readonly successes: number; readonly probes: number };
  constructor(limits: Model["limits"]) {
    this.limits = limits;
  }
  change(state: BreakerState, now: number): void {
    Object.assign(this, { state, phase: this.phase + 1, failures: 0, successes: 0, probes: 0, openedAt: now });
  }
  tick(now: number): void {
    if (this.state === "OPEN" && now - this.openedAt >= this.limits.openMs) this.change("HALF_OPEN", now);
  }
  admits(): boolean {
    if (this.state === "HALF_OPEN" && this.probes < this.limits.probes) {
      this.probes += 1;
      return true;
    }
    return this.state === "CLOSED";
  }
  settle(outcome: "ok" | "fail" | "nothing", phase: number, now: number): void {
    if (phase !== this.phase) return;
    if (this.state === "HALF_OPEN") this.probes -= 1;
    if (outcome === "ok" && this.state === "CLOSED") this.failures = 0;
    if (outcome === "ok" && this.state === "HALF_OPEN" && ++this.successes === this.limits.successes) this.change("CLOSED", now);
    if (outcome === "fail" && (this.state === "HALF_OPEN" || ++this.failures === this.limits.failures)) this.change("OPEN", now);
  }
}

/** The breaker under test, its clock, and the calls that have begun and not ended. */
interface Real {
  now: number;
  readonly breaker: CircuitBreaker;
  readonly underWay: { readonly permit: BreakerPermit; readonly phase: number }[];
}

type Step = fc.Command<Model, Real>;

const always = (): boolean => true;

/** An open circuit does not change by itself: both sides look at the clock when called. */
const expectSameState = (model: Model, real: Real): void => {
  model.tick(real.now);
  expect(real.breaker.state()).toBe(model.state);
};

const begin: Step = {
  check: always,
  run(model, real) {
    model.tick(real.now);
    const admitted = model.admits();
    let permit: BreakerPermit | undefined;
    try {
      permit = real.breaker.enter();
    } catch (error) {
      expect(error).toMatchObject({ code: "llm_circuit_open" });
    }
    expect(permit !== undefined).toBe(admitted);
    if (permit !== undefined) real.underWay.push({ permit, phase: model.phase });
  },
  toString: () => "begin",
};

const end = (which: number, outcome: "ok" | "fail" | "nothing"): Step => ({
  check: always,
  run(model, { now, underWay }) {
    const [call] = underWay.splice(which % Math.max(1, underWay.length), 1);
    if (call === undefined) return;
    if (outcome === "ok") call.permit.succeeded();
    else if (outcome === "fail") call.permit.failed();
    else call.permit.toldNothing();
    model.settle(outcome, call.phase, now);
  },
  toString: () => `end ${which} ${outcome}`,
});

const wait = (ms: number): Step => ({
  check: always,
  run(_, real) {
    real.now += ms;
  },
  toString: () => `wait ${ms}`,
});

const look: Step = { check: always, run: expectSameState, toString: () => "look" };

const reset: Step = {
  check: always,
  run(model, { now, breaker }) {
    breaker.reset();
    model.change("CLOSED", now);
  },
  toString: () => "reset",
};

const steps = fc.commands(
  [
    fc.constant(begin),
    fc.constant(begin),
    fc
      .tuple(fc.nat({ max: 20 }), fc.constantFrom("ok" as const, "fail" as const, "fail" as const, "nothing" as const))
      .map(([which, how]) => end(which, how)),
    fc.tuple(fc.nat({ max: 20 }), fc.constantFrom("ok" as const, "fail" as const)).map(([which, how]) => end(which, how)),
    fc.constantFrom(1, 500, 29_999, 30_000, 31_000).map(wait),
    fc.constantFrom(look, reset, look, look),
  ],
  { size: "+1" },
);

describe("any history of calls, late replies and waits", () => {
  it("agrees with the table", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), steps, (probes, history) => {
        const real: Real = {
          now: 0,
          underWay: [],
          breaker: createCircuitBreaker({ clock: { monotonic: () => real.now }, halfOpenMaxConcurrent: probes }),
        };
        const model = new Model({ failures: 5, openMs: 30_000, successes: 3, probes });
        fc.modelRun(() => ({ model, real }), history);
        expectSameState(model, real);
      }),
      { numRuns: 3_000 },
    );
  });
});
