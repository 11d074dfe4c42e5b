/** What the upstream allows within a minute, and a short, fair queue for those who come when it is used up. */
import { RagError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import type { Timers } from "./timers.ts";

/** A call that may be made. Later calls of its methods than the first `cancel` do nothing. */
export interface CallReservation {
  /** The call took so many tokens in truth; until then the estimate counts. */
  settle(tokens: number): void;
  /** The call was never made: it is given back. */
  cancel(): void;
}

/** What a window says to one call. */
export type CallGrant =
  | { readonly isGranted: true; readonly reservation: CallReservation }
  | {
      readonly isGranted: false;
      /** Milliseconds until it fits, if nobody else comes. */
      readonly waitMs: number;
    };

export interface CallRequest {
  /** Estimated, prompt and completion together. */
  readonly tokens: number;
  /** What must still fit beside the call, because others were there before it. */
  readonly ahead: { readonly calls: number; readonly tokens: number };
  readonly signal: AbortSignal;
}

/** Calls and tokens within the last minute, of this server alone or shared with others. */
export interface CallWindow {
  /** Counts the call if it fits; whoever asked gives it back when it has left meanwhile. @throws the reason of `signal` when it is aborted already. */
  take(request: CallRequest): CallGrant | Promise<CallGrant>;
  /** What is left as far as is known; `tokens` is undefined when they are not counted. */
  remaining(): { readonly calls: number; readonly tokens: number | undefined };
}

export interface CallBudget {
  /**
   * Reserves one call, at once or after waiting for its turn.
   *
   * @param tokens estimated, prompt and completion together.
   * @throws RagError `rate_limited` with the seconds to wait when it cannot be had soon enough; the reason of `signal` when it is aborted.
   */
  reserve(tokens: number, signal: AbortSignal): Promise<CallReservation>;
  remaining: CallWindow["remaining"];
  /** Callers that wait for their turn. */
  waiting(): number;
}

/** Options of {@link createCallBudget}. */
export interface CallBudgetOptions {
  readonly window: CallWindow;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** How long a caller may wait, in milliseconds. Default 0: it is refused at once. */
  readonly maxWaitMs?: number;
  /** Callers that may wait at the same time. Default 20. */
  readonly maxWaiting?: number;
}

interface Waiter {
  readonly tokens: number;
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly grant: (reservation: CallReservation) => void;
  readonly refuse: (error: unknown) => void;
}

const NOBODY = { calls: 0, tokens: 0 };

/** The refusal of a call. @param waitMs until it would fit. */
export function budgetSpent(waitMs: number): RagError {
  return new RagError("rate_limited", "The language model's budget for this minute is used up. Try again shortly.", {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  });
}

/**
 * Creates a budget over a window. Those who wait are served in the order in which they came: whoever comes later must leave room for them,
 * and only whoever is known to be served in time is let in. With a window that is shared, the order holds within this server, among
 * callers that do not ask at the same instant.
 *
 * @throws RangeError for a negative time or number.
 * @example
 * const budget = createCallBudget({ window: createCallWindow({ clock, tokensPerMinute: 12_000 }), clock, timers, maxWaitMs: 5_000 });
 * const reservation = await budget.reserve(1_500, signal);
 * reservation.settle(1_210);
 */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { window, clock, timers } = options;
  const maxWaitMs = requireNotNegative("maxWaitMs", options.maxWaitMs ?? 0);
  const maxWaiting = requireNotNegative("maxWaiting", options.maxWaiting ?? 20);
  const queue: Waiter[] = [];
  let isServing = false;
  /** Something was given back, or the first of the queue has changed, since it was last looked at. */
  let hasChanged = false;
  let cancelTimer = (): void => {};

  /** What is given back may be what the first in the queue waits for. */
  function watch(reservation: CallReservation): CallReservation {
    return {
      settle(tokens) {
        reservation.settle(tokens);
        void serve();
      },
      cancel() {
        reservation.cancel();
        void serve();
      },
    };
  }

  function remove(waiter: Waiter): void {
    const position = queue.indexOf(waiter);
    if (position !== -1) queue.splice(position, 1);
  }

  /** @returns milliseconds after which to look again; 0 for at once, undefined for never. */
  async function serveFirst(): Promise<number | undefined> {
    const [first] = queue;
    if (first === undefined) return undefined;
    try {
      const grant = await window.take({ tokens: first.tokens, ahead: NOBODY, signal: first.signal });
      const hasLeft = queue[0] !== first;
      if (grant.isGranted) {
        remove(first);
        if (hasLeft) grant.reservation.cancel();
        else first.grant(watch(grant.reservation));
        return 0;
      }
      if (hasLeft) return 0;
      // Others who share the window may have been faster.
      if (clock.monotonic() + grant.waitMs <= first.deadline) return Math.max(1, grant.waitMs);
      remove(first);
      first.refuse(budgetSpent(grant.waitMs));
    } catch (error) {
      remove(first);
      first.refuse(error);
    }
    return 0;
  }

  async function serve(): Promise<void> {
    hasChanged = true;
    if (isServing) return;
    isServing = true;
    cancelTimer();
    while (hasChanged) {
      hasChanged = false;
      const nextMs = await serveFirst();
      if (nextMs === 0) hasChanged = true;
      else if (nextMs !== undefined && !hasChanged) cancelTimer = timers.set(nextMs, () => void serve());
    }
    isServing = false;
  }

  async function wait(tokens: number, signal: AbortSignal): Promise<CallReservation> {
    const { promise, resolve: grant, reject: refuse } = Promise.withResolvers<CallReservation>();
    const waiter: Waiter = { tokens, deadline: clock.monotonic() + maxWaitMs, signal, grant, refuse };
    const leave = (): void => {
      remove(waiter);
      refuse(signal.reason);
      void serve();
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.push(waiter);
    if (queue.length === 1) void serve();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  return {
    async reserve(tokens, signal) {
      signal.throwIfAborted();
      const ahead = { calls: queue.length, tokens: queue.reduce((sum, waiter) => sum + waiter.tokens, 0) };
      const answer = window.take({ tokens, ahead, signal });
      // Not awaited unless it must be: whoever asks next must find this one in the queue.
      const grant = answer instanceof Promise ? await answer : answer;
      if (!grant.isGranted) {
        signal.throwIfAborted();
        if (grant.waitMs > maxWaitMs || queue.length >= maxWaiting) throw budgetSpent(grant.waitMs);
        return await wait(tokens, signal);
      }
      if (signal.aborted) grant.reservation.cancel();
      signal.throwIfAborted();
      return watch(grant.reservation);
    },
    remaining: () => window.remaining(),
    waiting: () => queue.length,
  };
}

function requireNotNegative(name: string, value: number): number {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
  return value;
}
