/** Logs the state of a connection: a change at once when it has been quiet or is urgent, and at most one line per period when it flaps. */
import type { Clock, Timers } from "@rag-personal/core";

/** Options of {@link createStateLog}. */
export interface StateLogOptions<State> {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Milliseconds between two lines at least, and between two urgent lines for the same state. */
  readonly quietMs: number;
  /** True for a state that must be written at once, even soon after another one. */
  readonly isUrgent: (state: State) => boolean;
  /** @param changes how often the state has changed since the last line. */
  readonly write: (state: State, reason: string | undefined, changes: number) => void;
}

export interface StateLog<State> {
  /** Does nothing when the state is the one observed last. */
  observe(state: State, reason?: string): void;
  stop(): void;
}

/** The last line always tells the state that has lasted since. */
export function createStateLog<State>({ clock, timers, quietMs, isUrgent, write }: StateLogOptions<State>): StateLog<State> {
  let observed: State | undefined;
  let written: State | undefined;
  let reasonObserved: string | undefined;
  let changes = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  const urgentUntil = new Map<State, number>();
  let cancelTimer: (() => void) | undefined;

  function writeIfChanged(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (observed === undefined || observed === written) return;
    quietUntil = clock.monotonic() + quietMs;
    urgentUntil.set(observed, quietUntil);
    written = observed;
    write(observed, reasonObserved, changes);
    changes = 0;
  }

  return {
    observe(state, reason) {
      if (state === observed) return;
      observed = state;
      reasonObserved = reason;
      changes += 1;
      const now = clock.monotonic();
      const waitMs = (isUrgent(state) ? (urgentUntil.get(state) ?? now) : quietUntil) - now;
      if (waitMs <= 0) writeIfChanged();
      else cancelTimer ??= timers.set(waitMs, writeIfChanged);
    },
    stop() {
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
