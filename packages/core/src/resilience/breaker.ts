/** A circuit breaker: stops calling a failing upstream, probes it after a while, and closes on proof of recovery. */
import { RagError } from "../errors.ts";
import type { Clock } from "../ports.ts";

export type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** Why a state was left. */
export interface BreakerTransition {
  readonly from: BreakerState;
  readonly to: BreakerState;
}

/** Options of {@link createCircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Only the monotonic clock is read: a stepped wall clock must not hold the circuit open. */
  readonly clock: Pick<Clock, "monotonic">;
  /** Consecutive failures that open the circuit. Default 5. */
  readonly failureThreshold?: number;
  /** Milliseconds for which an open circuit refuses every call. Default 30,000. */
  readonly openMs?: number;
  /** Successful probes that close the circuit. Default 3. */
  readonly halfOpenSuccesses?: number;
  /** Probes that may run at the same time; further callers are refused at once, never queued. Default 1. */
  readonly halfOpenMaxConcurrent?: number;
  readonly onTransition?: (transition: BreakerTransition) => void;
}

/** The right to make one call. Exactly the first of its three methods counts; later ones do nothing. */
export interface BreakerPermit {
  succeeded(): void;
  failed(): void;
  /** The call ended without telling anything about the upstream: a client left, or the request was our mistake. */
  toldNothing(): void;
}

export interface CircuitBreaker {
  /** The state at this moment; an open circuit whose time is over reads `HALF_OPEN` without waiting for a caller. */
  state(): BreakerState;
  /** @throws RagError `llm_circuit_open` when no call may be made now. */
  enter(): BreakerPermit;
  /**
   * Makes one call. It must end by itself: the breaker sets no deadline.
   *
   * @param isEvidence tells whether a failure speaks about the upstream's health; by default every one does.
   * @throws RagError `llm_circuit_open`, or what `call` throws.
   */
  run<T>(call: () => Promise<T>, isEvidence?: (error: unknown) => boolean): Promise<T>;
  /** Closes the circuit by hand; calls still under way no longer count. */
  reset(): void;
}

function requirePositiveInteger(name: string, value: number): number {
  // A limit of 0 probes would keep the circuit from ever closing again.
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  return value;
}

/**
 * Creates a circuit breaker, closed.
 *
 * | from | to | when |
 * |---|---|---|
 * | CLOSED | OPEN | `failureThreshold` consecutive failures |
 * | OPEN | HALF_OPEN | `openMs` have passed |
 * | HALF_OPEN | CLOSED | `halfOpenSuccesses` successes |
 * | HALF_OPEN | OPEN | any failure |
 *
 * Each transition begins a new epoch, and a call counts only in the epoch in which it began: a failure left
 * over from before the circuit opened cannot spoil the probe.
 *
 * @throws RangeError for a threshold below 1 or a negative duration.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, onTransition } = options;
  const failureThreshold = requirePositiveInteger("failureThreshold", options.failureThreshold ?? 5);
  const halfOpenSuccesses = requirePositiveInteger("halfOpenSuccesses", options.halfOpenSuccesses ?? 3);
  const halfOpenMaxConcurrent = requirePositiveInteger("halfOpenMaxConcurrent", options.halfOpenMaxConcurrent ?? 1);
  const openMs = options.openMs ?? 30_000;
  if (!(openMs >= 0 && openMs < Number.POSITIVE_INFINITY)) throw new RangeError(`openMs must be 0 or more, not ${openMs}`);

  let current: BreakerState = "CLOSED";
  let epoch = 0;
  let consecutiveFailures = 0;
  let openUntil = 0;
  let probesRunning = 0;
  let probesSucceeded = 0;

  function moveTo(to: BreakerState): void {
    const from = current;
    current = to;
    epoch += 1;
    consecutiveFailures = 0;
    probesRunning = 0;
    probesSucceeded = 0;
    if (to === "OPEN") openUntil = clock.monotonic() + openMs;
    if (from !== to) onTransition?.({ from, to });
  }

  function advance(): void {
    if (current === "OPEN" && clock.monotonic() >= openUntil) moveTo("HALF_OPEN");
  }

  function recordSuccess(): void {
    if (current === "CLOSED") {
      consecutiveFailures = 0;
    } else {
      probesRunning -= 1;
      probesSucceeded += 1;
      if (probesSucceeded >= halfOpenSuccesses) moveTo("CLOSED");
    }
  }

  function recordFailure(): void {
    if (current === "CLOSED") {
      consecutiveFailures += 1;
      if (consecutiveFailures >= failureThreshold) moveTo("OPEN");
    } else {
      moveTo("OPEN");
    }
  }

  function recordNothing(): void {
    if (current === "HALF_OPEN") probesRunning -= 1;
  }

  function enter(): BreakerPermit {
    advance();
    if (current === "OPEN") {
      const retryAfterSeconds = Math.max(1, Math.ceil((openUntil - clock.monotonic()) / 1000));
      throw new RagError("llm_circuit_open", "The language model has been failing and is not being called for the moment. Try again later.", {
        retryAfterSeconds,
      });
    }
    if (current === "HALF_OPEN") {
      if (probesRunning >= halfOpenMaxConcurrent) {
        throw new RagError("llm_circuit_open", "The language model is being tested after a failure. Try again in a moment.", {
          retryAfterSeconds: 1,
        });
      }
      probesRunning += 1;
    }
    const enteredIn = epoch;
    let isSettled = false;
    const settle = (record: () => void) => () => {
      if (isSettled) return;
      isSettled = true;
      if (enteredIn === epoch) record();
    };
    return { succeeded: settle(recordSuccess), failed: settle(recordFailure), toldNothing: settle(recordNothing) };
  }

  return {
    state() {
      advance();
      return current;
    },
    enter,
    async run(call, isEvidence = () => true) {
      const permit = enter();
      try {
        const result = await call();
        permit.succeeded();
        return result;
      } catch (error) {
        if (isEvidence(error)) permit.failed();
        else permit.toldNothing();
        throw error;
      }
    },
    reset() {
      moveTo("CLOSED");
    },
  };
}
