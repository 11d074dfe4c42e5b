/** The circuit breaker: its table, its corners, and a model check of random histories. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import { type BreakerPermit, type BreakerState, type BreakerTransition, type CircuitBreakerOptions, createCircuitBreaker } from "./breaker.ts";

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

const command = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "begin" } as const) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      which: fc.nat({ max: 20 }),
      outcome: fc.constantFrom("ok" as const, "fail" as const, "fail" as const, "nothing" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 500, 29_999, 30_000, 31_000) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "look" } as const, { kind: "reset" } as const) },
);

describe("any history of calls, late replies and waits", () => {
  it("agrees with the table", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(command, { minLength: 1, maxLength: 80 }), (probes, commands) => {
        let now = 0;
        const breaker = createCircuitBreaker({ clock: { monotonic: () => now }, halfOpenMaxConcurrent: probes });
        const model = new Model({ failures: 5, openMs: 30_000, successes: 3, probes });
        const underWay: { permit: BreakerPermit; phase: number }[] = [];
        for (const step of commands) {
          // An open circuit does not change by itself between commands: both sides look at the clock when called.
          if (step.kind === "begin") {
            model.tick(now);
            const admitted = model.admits();
            let permit: BreakerPermit | undefined;
            try {
              permit = breaker.enter();
            } catch (error) {
              expect(error).toMatchObject({ code: "llm_circuit_open" });
            }
            expect(permit !== undefined).toBe(admitted);
            if (permit !== undefined) underWay.push({ permit, phase: model.phase });
          } else if (step.kind === "end") {
            const [call] = underWay.splice(step.which % Math.max(1, underWay.length), 1);
            if (call === undefined) continue;
            if (step.outcome === "ok") call.permit.succeeded();
            else if (step.outcome === "fail") call.permit.failed();
            else call.permit.toldNothing();
            model.settle(step.outcome, call.phase, now);
          } else if (step.kind === "wait") {
            now += step.ms;
          } else if (step.kind === "reset") {
            breaker.reset();
            model.change("CLOSED", now);
          } else {
            model.tick(now);
            expect(breaker.state()).toBe(model.state);
          }
        }
        model.tick(now);
        expect(breaker.state()).toBe(model.state);
      }),
      { numRuns: 2_000 },
    );
  });
});
