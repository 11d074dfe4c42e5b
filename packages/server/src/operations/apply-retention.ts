/** Removes the sets that have had their time. */
import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BackupFailure, toBackupFailure } from "./backup-failure.ts";
import { unfinishedName } from "./backup-sets/set-name.ts";
import { listSets } from "./list-sets.ts";
import { expiredSets, type RetentionRules } from "./retention.ts";
import type { BackupServices } from "./take-backup.ts";

/**
 * Compares every set with its digests, and removes what the rules say. Killed at any moment, it leaves each set whole, or gone: a set loses its
 * name first, and what is left then is removed by the next backup.
 *
 * @returns the names of those that went, the oldest first.
 * @throws BackupFailure when another process is at work in the folder, or it cannot be written to.
 */
export async function applyRetention(
  { takeLock, clock }: Pick<BackupServices, "takeLock" | "clock">,
  directory: string,
  rules: RetentionRules,
): Promise<readonly string[]> {
  const sets = (await listSets(directory, { compare: true })).map(({ name, momentMs, problem }) => ({
    name,
    momentMs,
    isGood: problem === undefined,
  }));
  const expired = expiredSets(sets, rules, clock.now());
  if (expired.length === 0) return [];
  const unlock = takeLock(join(directory, ".lock"));
  if (unlock === undefined) throw new BackupFailure("busy", `A backup is being taken into ${directory}. Old sets are removed after it.`);
  try {
    for (const name of expired) {
      const nameless = join(directory, unfinishedName(name, randomBytes(4).toString("hex")));
      await rename(join(directory, name), nameless);
      await rm(nameless, { recursive: true, force: true });
    }
  } catch (error) {
    throw toBackupFailure(directory, error);
  } finally {
    unlock();
  }
  return expired;
}
