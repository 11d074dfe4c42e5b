/** A model check of the circuit breaker: random histories of calls, late replies and waits, against its table. */
import fc from "fast-check";
import { RagError } from "../src/errors.ts";
import { type BreakerPermit, type BreakerState, type CircuitBreaker, createCircuitBreaker } from "../src/resilience/breaker.ts";

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
const compare = (model: Model, real: Real): void => {
  model.tick(real.now);
  requireSame("state", real.breaker.state(), model.state);
};

function requireSame<T>(what: string, found: T, wanted: T): void {
  if (found !== wanted) throw new Error(`${what}: the breaker says ${found}, the table ${wanted}`);
}

const begin: Step = {
  check: always,
  run(model, real) {
    model.tick(real.now);
    const admitted = model.admits();
    let permit: BreakerPermit | undefined;
    try {
      permit = real.breaker.enter();
    } catch (error) {
      if (!(error instanceof RagError) || error.code !== "llm_circuit_open") throw error;
    }
    requireSame("admitted", permit !== undefined, admitted);
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

const look: Step = { check: always, run: compare, toString: () => "look" };

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

/**
 * Lets a breaker and its table live through the same histories.
 *
 * @param options.seed of the histories; another one each time when there is none.
 * @returns how many histories and steps they went through.
 * @throws Error with the shortest history after which they disagree.
 */
export function checkBreakerHistories({ runs, seed }: { readonly runs: number; readonly seed?: number }): {
  readonly histories: number;
  readonly steps: number;
} {
  let taken = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), steps, (probes, history) => {
      const real: Real = {
        now: 0,
        underWay: [],
        breaker: createCircuitBreaker({ clock: { monotonic: () => real.now }, halfOpenMaxConcurrent: probes }),
      };
      const model = new Model({ failures: 5, openMs: 30_000, successes: 3, probes });
      fc.modelRun(() => ({ model, real }), history);
      compare(model, real);
      taken += [...history].length;
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  );
  return { histories: runs, steps: taken };
}
