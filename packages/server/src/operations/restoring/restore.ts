/**
 * Restores a backup set: prepared beside what is in use, switched at once, finished or taken back. Each step can be told again after whatever
 * has interrupted it, and leaves the old record or the new one in use, never a mix.
 */
import { ExitError } from "../../exit-error.ts";
import type { Manifest } from "../backup-sets/manifest.ts";
import type { OpenedSet } from "../backup-sets/open-set.ts";
import type { Restoration, RestoreTarget, SessionTarget, SwitchOptions } from "./restoration.ts";

export interface RestoreServices {
  readonly target: RestoreTarget;
  /** Undefined where sessions are rows of the record. */
  readonly sessions: SessionTarget | undefined;
  /** Opens a set and checks all of it. @throws UnusableSet. */
  openSet(name: string): Promise<OpenedSet>;
  /** Forgets the answers that were cached from the other record. @returns how many; undefined where none outlive a server. */
  clearCache(): Promise<number | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Tells a person what is being done. */
  readonly say: (message: string) => void;
  readonly onProgress?: ((doneRows: number, totalRows: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared {
  readonly restoration: Restoration;
  readonly manifest: Manifest;
  readonly rows: number;
  /** Keys of sessions in Redis; undefined where the set has none, or there is no Redis. */
  readonly sessionKeys: number | undefined;
}

const EPOCH_OF_GENERATIONS_MS = Date.UTC(2020, 0, 1);
const MINUTE_MS = 60_000;

/**
 * A number of generation above those of collections that the vector store may still have from the time after the backup: nobody builds one a
 * minute, and so the minutes that have passed since a day long ago are always ahead. A 32-bit number lasts for four thousand years of them.
 */
export const freshGeneration = (nowMs: number): number => Math.floor((nowMs - EPOCH_OF_GENERATIONS_MS) / MINUTE_MS);

/**
 * Verifies the set and prepares its record and its sessions; what is in use is not touched, and a server may go on meanwhile.
 *
 * @throws {ExitError} when an earlier restore has not been finished; UnusableSet.
 */
export async function prepareRestore(services: RestoreServices, name: string): Promise<Prepared> {
  const { target, sessions, say, now, onProgress, signal } = services;
  const { previous } = await target.restorations();
  if (previous !== undefined) throw stillKept(previous);
  say(`verifying the set ${name}`);
  const set = await services.openSet(name);
  try {
    const { manifest } = set;
    signal?.throwIfAborted();
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    say(`preparing ${rows} rows of ${manifest.tables.length} tables beside those in use`);
    const hasSessions = manifest.sessions !== null && sessions !== undefined;
    const restoration = await target.stage(set, { hasSessions, freshGeneration: freshGeneration(now()), onProgress, signal });
    let sessionKeys: number | undefined;
    if (hasSessions) {
      say(`preparing ${manifest.sessions?.entries ?? 0} keys of sessions`);
      sessionKeys = await sessions.stage(restoration.id, set.readSessions());
    } else if (manifest.sessions !== null) say("the set has sessions of a Redis, and none is configured: they are left out");
    else if (sessions !== undefined) say("the set has no sessions of a Redis: those in use stay");
    return { restoration, manifest, rows, sessionKeys };
  } finally {
    await set.close();
  }
}

/**
 * Puts what was prepared into use; or ends a switch that was interrupted.
 *
 * @throws {ExitError} when nothing is prepared, or a server is connected.
 */
export async function switchToPrepared(services: RestoreServices, options: SwitchOptions): Promise<Restoration> {
  const { target, sessions, say } = services;
  const { staged, previous } = await target.restorations();
  if (previous === undefined && staged?.sessions === "pending" && !(await requireSessions(sessions).isStaged(staged.id))) {
    throw new ExitError(`The sessions of ${staged.setName} are no longer prepared in Redis. Run \`rag restore --prepare ${staged.setName}\` again.`);
  }
  if (previous?.state === "switched" && previous.sessions === "pending") say(`ending the switch to ${previous.setName} that was interrupted`);
  else say("switching the record");
  const switched = previous?.state === "switched" && staged === undefined ? previous : await target.switchToStaged(options);
  await settle(services, switched);
  return switched;
}

/** Goes back to the record from before the restore. @throws {ExitError} when there is none. */
export async function goBack(services: RestoreServices, options: SwitchOptions): Promise<Restoration> {
  services.say("switching back to the record from before");
  const restoration = await services.target.switchBack(options);
  await settle(services, restoration);
  return restoration;
}

/** Removes the record from before the restore, and whatever else a restore has left. @returns undefined when there was nothing. */
export async function finishRestore(services: RestoreServices): Promise<Restoration | undefined> {
  const { target, sessions, say } = services;
  const { staged, previous } = await target.restorations();
  if (staged !== undefined) {
    say(`removing what was prepared of ${staged.setName}`);
    await target.dropStaged();
    // What was kept aside belongs to the restore that is still to be finished.
    if (previous === undefined) await sessions?.drop();
  }
  if (previous === undefined) return staged;
  await settle(services, previous);
  if (previous.state === "going back") return previous;
  say("removing the record from before");
  await target.noteFinishing();
  await sessions?.drop();
  await target.dropPrevious();
  return previous;
}

/** Ends what was interrupted, so that sessions and record belong together again. @returns what was ended; undefined when nothing was to be. */
export async function settleInterrupted(services: RestoreServices): Promise<Restoration | undefined> {
  const { previous } = await services.target.restorations();
  if (previous === undefined || (previous.state === "switched" && previous.sessions !== "pending")) return undefined;
  await settle(services, previous);
  return previous;
}

/** Lets sessions follow the record, whichever way it went. */
async function settle(services: RestoreServices, { id, setName, state, sessions: sessionState }: Restoration): Promise<void> {
  const { target, sessions } = services;
  if (state === "going back") {
    if (sessionState !== "none") await requireSessions(sessions).switchBack(id);
    await services.clearCache();
    await target.dropPrevious();
  } else if (state === "finishing") {
    await sessions?.drop();
    await target.dropPrevious();
  } else {
    if (sessionState === "pending") await switchSessions(services, requireSessions(sessions), id, setName);
    await services.clearCache();
  }
}

async function switchSessions(services: RestoreServices, sessions: SessionTarget, id: string, setName: string): Promise<void> {
  if (!(await sessions.switchToStaged(id))) {
    // Redis has lost what was prepared there; the set still has it.
    const set = await services.openSet(setName);
    try {
      await sessions.stage(id, set.readSessions());
    } finally {
      await set.close();
    }
    await sessions.switchToStaged(id);
  }
  await services.target.noteSessionsSwitched();
}

function requireSessions(sessions: SessionTarget | undefined): SessionTarget {
  if (sessions !== undefined) return sessions;
  throw new ExitError("Sessions of a restore are still to be switched in Redis. Set REDIS_URL as it was when the restore began.");
}

const stillKept = ({ setName, state }: Restoration): ExitError =>
  state === "switched"
    ? new ExitError(
        `The record from before the restore of ${setName} is still kept. Remove it with \`rag restore --finish\`, or go back to it with \`rag restore --back\`.`,
      )
    : new ExitError(`An earlier restore, of ${setName}, was interrupted. End it with \`rag restore --finish\`.`);
