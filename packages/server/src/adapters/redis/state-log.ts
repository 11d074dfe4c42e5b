/** Logs the state of a connection: every change at once when it is quiet, and at most one line per period when it flaps. */
import type { Clock, Timers } from "@rag-personal/core";

/** Options of {@link createStateLog}. */
export interface StateLogOptions<State> {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Milliseconds between two lines at least. */
  readonly quietMs: number;
  /** @param changes how often the state has changed since the last line. */
  readonly write: (state: State, reason: string | undefined, changes: number) => void;
}

export interface StateLog<State> {
  /** Does nothing when the state is the one observed last. */
  observe(state: State, reason?: string): void;
  stop(): void;
}

/** The last line always tells the state that has lasted since. */
export function createStateLog<State>({ clock, timers, quietMs, write }: StateLogOptions<State>): StateLog<State> {
  let observed: State | undefined;
  let written: State | undefined;
  let reasonObserved: string | undefined;
  let changes = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  function writeIfChanged(): void {
    cancelTimer = undefined;
    if (observed === undefined || observed === written) return;
    quietUntil = clock.monotonic() + quietMs;
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
      const waitMs = quietUntil - clock.monotonic();
      if (waitMs <= 0) writeIfChanged();
      else cancelTimer ??= timers.set(waitMs, writeIfChanged);
    },
    stop() {
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
