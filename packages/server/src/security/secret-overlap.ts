/** The time in which a secret that was replaced is good beside the new one, and who still relies on that. */
import type { PreviousSigningSecret } from "./access-tokens.ts";

export type RotatedSecret = "API_KEY" | "SECRET_KEY";

const ROTATED_SECRETS: readonly RotatedSecret[] = ["API_KEY", "SECRET_KEY"];

/** The secrets before the last rotation. */
export interface PreviousSecrets {
  readonly values: Readonly<Partial<Record<RotatedSecret, string>>>;
  /** Milliseconds since the epoch; from then on they are refused. Undefined: they are refused. */
  readonly untilMs: number | undefined;
}

export interface OverlapStatus {
  /** Undefined when there is no overlap, whatever is configured. */
  readonly untilMs: number | undefined;
  readonly uses: Readonly<Record<RotatedSecret, number>>;
  /** Undefined: never. */
  readonly lastUsedAtMs: number | undefined;
}

export interface SecretOverlap {
  /** Whether there is a previous one, and its time has not ended. */
  isAccepted(name: RotatedSecret): boolean;
  /** Counts a request that relied on it, and says so in the log, now and then. */
  noteUse(name: RotatedSecret): void;
  status(): OverlapStatus;
}

/** One line in so many milliseconds for each secret, however often it is used. */
const QUIET_MS = 10 * 60_000;

/** @param log told that a previous secret is in use; never the secret. */
export function createSecretOverlap({
  previous: { values, untilMs },
  clock,
  log,
}: {
  previous: PreviousSecrets;
  clock: { now(): number; monotonic(): number };
  log: { warn(fields: object, message: string): void };
}): SecretOverlap {
  const uses: Record<RotatedSecret, number> = { API_KEY: 0, SECRET_KEY: 0 };
  const toldAt = new Map<RotatedSecret, number>();
  let lastUsedAtMs: number | undefined;
  const isAccepted = (name: RotatedSecret): boolean => values[name] !== undefined && untilMs !== undefined && clock.now() < untilMs;

  return {
    isAccepted,
    noteUse(name) {
      uses[name] += 1;
      lastUsedAtMs = clock.now();
      if (clock.monotonic() - (toldAt.get(name) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
      toldAt.set(name, clock.monotonic());
      const until = untilMs === undefined ? undefined : new Date(untilMs).toISOString();
      log.warn({ name: `${name}_PREVIOUS`, uses: uses[name], until }, "a secret that was replaced is still in use");
    },
    status: () => ({ untilMs: ROTATED_SECRETS.some(isAccepted) ? untilMs : undefined, uses: { ...uses }, lastUsedAtMs }),
  };
}

type Comparison = (given: string) => boolean | Promise<boolean>;

/** The comparison with a configured key that also takes the one before, as long as there is an overlap. */
export function acceptPreviousKey(isCurrent: Comparison, isPrevious: Comparison | undefined, overlap: SecretOverlap): Comparison {
  if (isPrevious === undefined) return isCurrent;
  const note = (isRight: boolean): boolean => {
    if (isRight) overlap.noteUse("API_KEY");
    return isRight;
  };
  const compareWithPrevious: Comparison = (given) => {
    if (!overlap.isAccepted("API_KEY")) return false;
    const isRight = isPrevious(given);
    return isRight instanceof Promise ? isRight.then(note) : note(isRight);
  };
  return (given) => {
    const isRight = isCurrent(given);
    return isRight instanceof Promise ? isRight.then((right) => right || compareWithPrevious(given)) : isRight || compareWithPrevious(given);
  };
}

/** For access tokens that the secret before has signed. */
export const previousSigning = (secret: string, overlap: SecretOverlap): PreviousSigningSecret => ({
  secret,
  isAccepted: () => overlap.isAccepted("SECRET_KEY"),
  noteUse: () => overlap.noteUse("SECRET_KEY"),
});

/** What an operator is told of it, as a sentence; undefined where nothing is configured. */
export function describeOverlap(
  { values, untilMs }: PreviousSecrets,
  { untilMs: acceptedUntilMs, uses, lastUsedAtMs }: OverlapStatus,
): string | undefined {
  const names = ROTATED_SECRETS.filter((name) => values[name] !== undefined);
  if (names.length === 0) return undefined;
  const settings = names.map((name) => `${name}_PREVIOUS`).join(" and ");
  if (acceptedUntilMs === undefined) {
    const why = untilMs === undefined ? "PREVIOUS_SECRETS_UNTIL is not set" : `their time ended at ${new Date(untilMs).toISOString()}`;
    return `${settings} not accepted: ${why}`;
  }
  const counts = names.map((name) => `${name}_PREVIOUS used ${uses[name]} times`).join(", ");
  const last = lastUsedAtMs === undefined ? "" : `, last at ${new Date(lastUsedAtMs).toISOString()}`;
  return `${settings} accepted until ${new Date(acceptedUntilMs).toISOString()}; ${counts} since the start${last}`;
}
