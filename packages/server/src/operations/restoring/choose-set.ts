/** Which set is meant by what a person typed. */
import { ExitError } from "../../exit-error.ts";
import { compareSetNames, momentOfSetName } from "../backup-sets/set-name.ts";

const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * The set of that name, or the newest one of that day (UTC). Nothing of what was typed ever becomes part of a path: it is compared with the
 * names there are.
 *
 * @param names of all sets.
 * @throws {ExitError} when there is none.
 */
export function chooseSet(names: readonly string[], wanted: string): string {
  const sets = names.filter((name) => momentOfSetName(name) !== undefined).sort(compareSetNames);
  const found = DAY.test(wanted) ? sets.findLast((name) => name.startsWith(`${wanted}T`)) : sets.find((name) => name === wanted);
  if (found !== undefined) return found;
  const asked = JSON.stringify(wanted.slice(0, 100));
  if (!DAY.test(wanted) && momentOfSetName(wanted) === undefined)
    throw new ExitError(`${asked} is neither a day such as 2025-12-24 nor the name of a set. List the sets with \`rag restore --list\`.`);
  const newest = sets.at(-1);
  throw new ExitError(
    newest === undefined
      ? "There is no backup set."
      : `There is no backup set of ${asked}. The newest one is ${newest}; list them with \`rag restore --list\`.`,
  );
}
