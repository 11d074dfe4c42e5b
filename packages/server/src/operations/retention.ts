/** Which sets have had their time: a pure function of what there is. */

export interface KeptSet {
  readonly name: string;
  /** Of the record, in milliseconds since the epoch. */
  readonly momentMs: number;
  /** Its bytes are those that were written. */
  readonly isGood: boolean;
}

export interface RetentionRules {
  /** A set younger than so many days stays. */
  readonly keepDays: number;
  /** So many good sets stay, however old they are. */
  readonly keepLast: number;
}

const DAY_MS = 86_400_000;

/**
 * The sets to remove, the oldest first. Damaged ones are no reason to remove a good one: they are not counted, and go when they are too old.
 *
 * @param nowMs the time; a clock that was set back removes nothing that it would not remove later.
 */
export function expiredSets(sets: readonly KeptSet[], { keepDays, keepLast }: RetentionRules, nowMs: number): readonly string[] {
  const newestFirst = [...sets].sort((a, b) => b.momentMs - a.momentMs);
  const protectedNames = new Set(
    newestFirst
      .filter(({ isGood }) => isGood)
      .slice(0, Math.max(1, keepLast))
      .map(({ name }) => name),
  );
  return newestFirst
    .filter(({ name, momentMs }) => !protectedNames.has(name) && momentMs < nowMs - keepDays * DAY_MS)
    .map(({ name }) => name)
    .reverse();
}
