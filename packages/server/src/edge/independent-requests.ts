/**
 * What lets the questions of a process wait for each other, for a runtime in which they must not: there, what a request does ends with
 * its client, at any point and without a word, and whoever waited for it would wait for ever.
 */
import { type CallBudget, type Clock, createCallBudget, createCallWindow, type SingleFlight, type Timers, type TurnQueue } from "@rag-personal/core";

/** Everybody leads: the same question asked twice at once is answered twice. */
export const independentFlight: SingleFlight = { enter: () => ({ kind: "lead", land() {} }) };

/** Nobody queues: of two turns of a session at once the versions decide, as between processes. */
export const independentTurns: TurnQueue = { run: (_, append) => append() };

/** Refuses at once what does not fit into the minute. */
export function createIndependentBudget(
  limits: { readonly perMinute: number; readonly tokensPerMinute: number | undefined },
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): CallBudget {
  return createCallBudget({ window: createCallWindow({ clock, ...limits }), clock, timers, maxWaitMs: 0, maxWaiting: 0 });
}
