/** What a backup service does next: a pure function of the clock and of what it has done. UTC alone, which knows no summer. */

export const DUTIES = ["backup", "base backup", "drill"] as const;
/** In the order of their weight, when several are due. */
export type Duty = (typeof DUTIES)[number];

export type Rhythm =
  /** At fixed times: every so many milliseconds, counted from this one after midnight. */
  | { readonly everyMs: number; readonly fromMidnightMs: number }
  /** So many milliseconds after the last time. */
  | { readonly everyMs: number };

export interface DutyState {
  readonly rhythm: Rhythm;
  /** Milliseconds since the epoch, of what the last success shows; undefined: there was none. */
  readonly lastSuccessMs: number | undefined;
  /** Since the last success. */
  readonly failures: number;
  /** Of the last failure. */
  readonly lastFailureMs: number | undefined;
}

const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;
/** A machine that slept, or whose clock was set, is noticed within so long. */
const LONGEST_WAIT_MS = 60_000;

/** When it is to be done; a time that has passed means now. What was missed is done once, not once for each time. */
export function dueAt({ rhythm, lastSuccessMs, failures, lastFailureMs }: DutyState, nowMs: number): number {
  // One from the future was made by a clock that was wrong, and must not put off the next one until then.
  const last = lastSuccessMs === undefined ? undefined : Math.min(lastSuccessMs, nowMs);
  const wanted = last === undefined ? nowMs : "fromMidnightMs" in rhythm ? nextTime(rhythm, last) : last + rhythm.everyMs;
  if (failures === 0 || lastFailureMs === undefined) return wanted;
  const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  return Math.max(wanted, Math.min(lastFailureMs, nowMs) + retryMs);
}

/** The first of its times after this one. */
export function nextTime({ everyMs, fromMidnightMs }: { readonly everyMs: number; readonly fromMidnightMs: number }, afterMs: number): number {
  return (Math.floor((afterMs - fromMidnightMs) / everyMs) + 1) * everyMs + fromMidnightMs;
}

export type NextStep = { readonly duty: Duty } | { readonly waitMs: number };

/** What is to be done now, or how long there is nothing. @param states of the duties there are. */
export function nextStep(states: Partial<Readonly<Record<Duty, DutyState>>>, nowMs: number): NextStep {
  let soonest = nowMs + LONGEST_WAIT_MS;
  for (const duty of DUTIES) {
    const state = states[duty];
    if (state === undefined) continue;
    const due = dueAt(state, nowMs);
    if (due <= nowMs) return { duty };
    soonest = Math.min(soonest, due);
  }
  return { waitMs: soonest - nowMs };
}
