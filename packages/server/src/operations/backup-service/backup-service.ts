/** Does by the clock what keeps a record safe, until it is told to stop, and tells whether it does. */
import type { BackupSummary } from "../backup-summary.ts";
import { type Duty, type DutyState, nextStep, type Rhythm } from "./duties.ts";

/** One thing to be done again and again. */
export interface DutyWork {
  readonly rhythm: Rhythm;
  /** Milliseconds since the epoch; undefined: never, or it is not known. Asked before each step: others may do it too. */
  lastSuccessMs(): Promise<number | undefined>;
  /** @throws when it was not done; the message says what to do. The reason of `signal` when that ended it. */
  work(signal: AbortSignal): Promise<void>;
}

export interface BackupServiceParts {
  /** Those that are wanted. */
  readonly duties: Partial<Readonly<Record<Duty, DutyWork>>>;
  readonly clock: { now(): number };
  /** Resolves after so long, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Notes the state for whoever asks whether the service is well. */
  readonly note: (state: ServiceState) => Promise<void>;
  readonly say: (level: "info" | "error", message: string) => void;
}

export interface ServiceState {
  /** ISO 8601. */
  readonly at: string;
  readonly working: Duty | null;
  /** By duty: what went wrong when it was done last. */
  readonly problems: Readonly<Record<string, string>>;
}

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  readonly message: string;
}

/** Serves until the signal is aborted; what is under way is then ended too, and leaves nothing. */
export async function serveBackups({ duties, clock, wait, note, say }: BackupServiceParts, signal: AbortSignal): Promise<void> {
  const failures = new Map<Duty, Failures>();
  const tell = async (working: Duty | null): Promise<void> => {
    const problems = Object.fromEntries([...failures].map(([duty, { message }]) => [duty, message]));
    try {
      await note({ at: new Date(clock.now()).toISOString(), working, problems });
    } catch (error) {
      say("error", `the state of the service cannot be noted: ${messageOf(error)}`);
    }
  };
  const stateOf = async (duty: Duty, { rhythm, lastSuccessMs }: DutyWork): Promise<DutyState> => {
    const failed = failures.get(duty);
    return { rhythm, lastSuccessMs: await lastSuccessMs().catch(() => undefined), failures: failed?.count ?? 0, lastFailureMs: failed?.lastMs };
  };

  while (!signal.aborted) {
    const states: Partial<Record<Duty, DutyState>> = {};
    for (const [duty, work] of entries(duties)) states[duty] = await stateOf(duty, work);
    const step = nextStep(states, clock.now());
    if ("waitMs" in step) {
      await tell(null);
      await wait(step.waitMs, signal);
      continue;
    }
    await tell(step.duty);
    try {
      await duties[step.duty]?.work(signal);
      failures.delete(step.duty);
    } catch (error) {
      if (signal.aborted) break;
      failures.set(step.duty, { count: (failures.get(step.duty)?.count ?? 0) + 1, lastMs: clock.now(), message: messageOf(error) });
      say("error", `${step.duty} failed: ${messageOf(error)}`);
    }
  }
}

const entries = (duties: BackupServiceParts["duties"]): [Duty, DutyWork][] =>
  (Object.keys(duties) as Duty[]).flatMap((duty) => {
    const work = duties[duty];
    return work === undefined ? [] : [[duty, work] satisfies [Duty, DutyWork]];
  });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a log says of a backup that was taken. */
export const sentenceOf = ({ name, sizeBytes, rows, sessions, durationSeconds, isCopied, removed }: Omit<BackupSummary, "encryption">): string =>
  [
    `backup ${name}: ${sizeBytes} bytes, ${rows} rows`,
    ...(sessions === null ? [] : [`${sessions} entries of sessions`]),
    `${durationSeconds} s`,
    ...(isCopied === true ? ["copied off the machine"] : []),
    ...(removed.length === 0 ? [] : [`removed ${removed.join(", ")}`]),
  ].join(", ");

/** A service that has not noted anything for so long does not work any more. */
const SILENT_MS = 180_000;
/** A backup of a large record, or a drill, may take so long. */
const WORKING_MS = 6 * 3_600_000;

/** Why the service is not well; undefined when it is. */
export function problemOf(state: ServiceState | undefined, nowMs: number): string | undefined {
  if (state === undefined) return "The backup service has not noted its state yet.";
  const ageMs = nowMs - Date.parse(state.at);
  if (ageMs > (state.working === null ? SILENT_MS : WORKING_MS)) return `The backup service has said nothing since ${state.at}.`;
  const [problem] = Object.entries(state.problems);
  return problem && `${problem[0]} failed: ${problem[1]}`;
}
