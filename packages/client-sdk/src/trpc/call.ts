/** What one call carries through tRPC's client to the link that sends it. */
import type { Cancellation } from "../http/cancellation.ts";
import type { Repetition } from "../http/retry-policy.ts";
import type { Accepted, SendOptions } from "../http/transport.ts";

/** One call, across all its attempts. */
export interface Call extends SendOptions {
  readonly repetition: Repetition;
  readonly cancellation: Cancellation;
  /** Milliseconds without a byte within a stream. */
  readonly idleTimeoutMs: number;
  /** Holds the link back until the reader has worked on the last event. */
  readonly turnstile: Turnstile;
  /** Set by the link: the response that says yes. */
  accepted?: Accepted;
}

/** Lets a reader hold back what writes to it: tRPC's observable pushes, and would queue whatever comes. */
export interface Turnstile {
  /** Resolves at the next {@link Turnstile.pass}. */
  passed(): Promise<void>;
  pass(): void;
}

export function createTurnstile(): Turnstile {
  let pass = (): void => {};
  return {
    passed: () =>
      new Promise((resolve) => {
        pass = resolve;
      }),
    pass: () => pass(),
  };
}

/** tRPC hands a call's context on as it is, and knows nothing of what it means. */
const calls = new WeakMap<object, Call>();

/** The context that stands for a call. */
export function contextOf(call: Call): Record<string, unknown> {
  const context = {};
  calls.set(context, call);
  return context;
}

/** @throws TypeError for a context that {@link contextOf} has not made. */
export function callOf(context: object): Call {
  const call = calls.get(context);
  if (call === undefined) throw new TypeError("The call was not made by this package.");
  return call;
}
