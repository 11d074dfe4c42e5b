/** The names of a backup folder's entries: sets by the moment they show, and what is in the making. */

/** The moment to the second, in UTC, without the colons that some file systems refuse; a second set of the same second has a number. */
const SET_NAME = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(?:-([2-9]|[1-9]\d{1,2}))?$/;
const UNFINISHED = /^\.unfinished-.+-[0-9a-f]{8}$/;
const MOST_OF_ONE_SECOND = 999;

/**
 * A name for a set of this moment.
 *
 * @param isTaken whether a set has that name already.
 * @example
 * createSetName(Date.UTC(2026, 10, 24, 3), () => false); // "2026-11-24T03-00-00Z"
 */
export function createSetName(momentMs: number, isTaken: (name: string) => boolean): string {
  const name = `${new Date(momentMs).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
  if (!isTaken(name)) return name;
  for (let number = 2; number <= MOST_OF_ONE_SECOND; number += 1) {
    const numbered = `${name}-${number}`;
    if (!isTaken(numbered)) return numbered;
  }
  throw new RangeError(`there are ${MOST_OF_ONE_SECOND} sets of ${name}`);
}

/** The moment of a name in milliseconds since the epoch, or undefined for a name that no set has. */
export function momentOfSetName(name: string): number | undefined {
  const [, day, hours, minutes, seconds] = SET_NAME.exec(name) ?? [];
  if (day === undefined) return undefined;
  const iso = `${day}T${hours}:${minutes}:${seconds}.000Z`;
  const momentMs = Date.parse(iso);
  // The 31st of June is read as the 1st of July by some.
  return Number.isNaN(momentMs) || new Date(momentMs).toISOString() !== iso ? undefined : momentMs;
}

/** Orders names by moment, and those of one second by number. */
export function compareSetNames(a: string, b: string): number {
  const [momentA = 0, momentB = 0] = [momentOfSetName(a), momentOfSetName(b)];
  return momentA - momentB || numberOf(a) - numberOf(b);
}

const numberOf = (name: string): number => Number(SET_NAME.exec(name)?.[5] ?? 1);

/** Where a set is made before it has its name. @param random eight hexadecimal digits. */
export const unfinishedName = (set: string, random: string): string => `.unfinished-${set}-${random}`;

/** What a maker that was killed has left. */
export const isUnfinished = (name: string): boolean => UNFINISHED.test(name);
