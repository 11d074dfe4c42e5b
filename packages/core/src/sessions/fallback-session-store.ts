/** Sessions that go on in memory while their store is away, and move back when it returns. */
import type { Session } from "../model.ts";
import type { Clock, SessionPosition, SessionStore } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";
import { hasNewestTurnOf, mergeSessions } from "./merge-sessions.ts";
import { createSessionMover } from "./move-sessions-back.ts";
import { createSessionMemory } from "./session-memory.ts";
import { comesAfter, compareSessions } from "./session-order.ts";
import { shareRuns } from "./shared-runs.ts";
import { createStoreEpisode, isUnavailable } from "./store-episode.ts";

/** Options of {@link createFallbackSessionStore}. */
export interface FallbackSessionStoreOptions {
  /** The store proper. It must end each call by itself, and say `store_unavailable` when it is away. */
  readonly primary: SessionStore;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Told "FALLBACK ACTIVATED" and "FALLBACK ENDED", once per episode each, and at the close what is lost with the memory. */
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Sessions kept in memory at most: copies of those used last, and those that wait for the store. Default 10,000. */
  readonly maxSessions?: number;
  /** Characters (UTF-16 units) of all those sessions at most. Default 50,000,000, which are 100 MB. */
  readonly maxChars?: number;
  /** Milliseconds between two attempts to reach a store that is away. Default 250. */
  readonly retryEveryMs?: number;
  /** Milliseconds without a failure after which an episode is over, for the log. Default 5,000. */
  readonly settleMs?: number;
}

export interface FallbackStatus {
  /** The store is away, or sessions still wait for it. */
  readonly isActive: boolean;
  /** Sessions of which the last turns stand in memory alone. */
  readonly unsaved: number;
  /** Copies of stored sessions, for the next episode. */
  readonly copies: number;
  /** Unsaved sessions let go because of the bounds, or refused by the store, since the start. */
  readonly lost: number;
  /** Sessions moved back, since the start. */
  readonly moved: number;
}

export interface FallbackSessionStore extends SessionStore {
  /** Tries the store at once; to be called when it is known to be back. Never throws. */
  retryNow(): Promise<void>;
  status(): FallbackStatus;
  /** Tries once more to move everything back, then stops trying. Never throws. */
  close(): Promise<void>;
}

/**
 * Creates the store.
 *
 * While the primary is away:
 * - a session used lately goes on in memory, at its next version;
 * - a session that is not in memory cannot be told from one that does not exist, so `load` throws `store_unavailable`;
 * - `list` knows the sessions in memory alone;
 * - `remove` throws `store_unavailable`, unless the session is known to stand in memory alone: a deletion is confirmed when it is done.
 *
 * A save that failed may still be carried out. It is kept in memory and taken for unsaved until the primary itself tells
 * what it holds; then the turns of both sides are merged ({@link mergeSessions}).
 *
 * @throws RangeError when a bound or a duration is not a whole number of at least 1.
 */
export function createFallbackSessionStore(options: FallbackSessionStoreOptions): FallbackSessionStore {
  const { primary, clock, timers, log } = options;
  const bounds = {
    maxSessions: options.maxSessions ?? 10_000,
    maxChars: options.maxChars ?? 50_000_000,
    retryEveryMs: options.retryEveryMs ?? 250,
    settleMs: options.settleMs ?? 5_000,
  };
  for (const [name, value] of Object.entries(bounds)) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  }
  const memory = createSessionMemory(bounds);
  const mover = createSessionMover({ primary, memory });
  const episode = createStoreEpisode({ ...bounds, clock, timers, log, restore: mover.moveAll, waiting: () => memory.counts.unsaved });

  /** Each new session asks for it, and one principal may begin many at once. */
  const sharedPruning = shareRuns<number>();

  /** What the principal may see of a session in memory. */
  function ownIn(session: Session | undefined, principal: string): Session | undefined {
    return session?.principal === principal ? session : undefined;
  }

  /**
   * Compare-and-set in memory. A version that the memory cannot judge is taken: the session carries all its turns.
   *
   * @param wasAsked the store was asked to save it and did not say whether it did, so "no" must not be answered lightly: the caller
   * would add the turn to what it reads next, where it may stand already.
   */
  function saveHere(session: Session, wasAsked: boolean): boolean {
    const unsaved = memory.unsaved(session.id);
    const known = unsaved?.session ?? memory.find(session.id);
    if (known !== undefined && known.principal !== session.principal) return false;
    const knownVersion = known?.version ?? 0;
    if (unsaved === undefined) {
      // What was read from the store since tells what became of the save: its turn is there, or it can never come there any more.
      if (known !== undefined && knownVersion >= session.version) return wasAsked && hasNewestTurnOf(session, known);
      memory.keepUnsaved(session, !wasAsked && session.version === 1);
      return true;
    }
    if (wasAsked) {
      memory.keepUnsaved(mergeSessions(unsaved.session, session), false);
      return true;
    }
    if (knownVersion !== session.version - 1) return false;
    memory.keepUnsaved(session, unsaved.isOnlyHere);
    return true;
  }

  /** Stored sessions, among them `limit` of which no later version waits in memory, unless there are no more. */
  async function listStored(principal: string, limit: number, after: SessionPosition | undefined): Promise<Session[]> {
    const found: Session[] = [];
    let fresh = 0;
    let last = after;
    for (;;) {
      const part = await episode.ask("read", () => primary.list(principal, limit, last));
      found.push(...part);
      fresh += part.filter(({ id }) => memory.unsaved(id) === undefined).length;
      last = part.at(-1);
      if (part.length < limit || fresh >= limit || last === undefined) return found;
    }
  }

  return {
    async load(principal, id) {
      const unsaved = ownIn(memory.unsaved(id)?.session, principal);
      if (unsaved !== undefined) return unsaved;
      const copyBefore = memory.find(id);
      try {
        const stored = await episode.ask("read", () => primary.load(principal, id));
        const savedMeanwhile = ownIn(memory.unsaved(id)?.session, principal);
        if (savedMeanwhile !== undefined) return savedMeanwhile;
        if (stored !== undefined) memory.keepCopy(stored);
        // A copy made meanwhile is newer than this answer.
        else if (copyBefore?.principal === principal && memory.find(id) === copyBefore) memory.forget(id);
        return stored;
      } catch (error) {
        const copy = ownIn(memory.find(id), principal);
        if (!isUnavailable(error) || copy === undefined) throw error;
        return copy;
      }
    },

    async list(principal, limit, after) {
      let stored: readonly Session[];
      try {
        stored = await listStored(principal, limit, after);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        stored = memory.owned(principal);
      }
      const unsaved = memory.listUnsaved().map(({ session }) => session);
      const own = unsaved.filter((session) => session.principal === principal);
      // The newest version of each alone, so that none is in two places of the order.
      const listed = new Map([...stored, ...own].map((session) => [session.id, session]));
      return [...listed.values()]
        .filter((session) => comesAfter(session, after))
        .sort(compareSessions)
        .slice(0, Math.max(0, limit));
    },

    async save(session) {
      if (memory.unsaved(session.id) !== undefined) return saveHere(session, false);
      try {
        const isSaved = await episode.ask("write", () => primary.save(session));
        if (isSaved && memory.unsaved(session.id) === undefined) memory.keepCopy(session);
        return isSaved;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        return saveHere(session, !episode.wasNotAsked(error));
      }
    },

    async remove(principal, id) {
      return await mover.withoutMoving(id, async () => {
        const unsaved = memory.unsaved(id);
        const isHere = unsaved?.session.principal === principal;
        if (unsaved === undefined || !isHere || !unsaved.isOnlyHere) {
          const isRemoved = await episode.ask("write", () => primary.remove(principal, id));
          if (ownIn(memory.find(id), principal) !== undefined) memory.forget(id);
          return isRemoved || isHere;
        }
        memory.forget(id);
        return true;
      });
    },

    async prune(principal, keep) {
      try {
        return await sharedPruning(`${keep} ${principal}`, () => episode.ask("write", () => primary.prune(principal, keep)));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        const newestFirst = memory.owned(principal).sort(compareSessions);
        const surplus = newestFirst.slice(Math.max(0, keep));
        for (const { id } of surplus) memory.forget(id);
        return surplus.length;
      }
    },

    retryNow: () => episode.retryNow(),

    status() {
      const { unsaved, copies, lost } = memory.counts;
      const { moved, refused } = mover.counts;
      return { isActive: unsaved > 0 || !episode.isReachable, unsaved, copies, lost: lost + refused, moved };
    },

    async close() {
      if (memory.counts.unsaved > 0) await episode.retryNow();
      episode.stop();
      const { unsaved } = memory.counts;
      if (unsaved > 0) log("SESSIONS LOST: their store did not return before the end", { unsaved });
    },
  };
}
