/** Sessions in memory: for tests, for workers without a database, and as the fallback of a store that is away. */
import type { Session } from "../model.ts";
import type { SessionStore } from "../ports.ts";
import { charsOfSession } from "./session-limits.ts";
import { comesAfter, compareSessions } from "./session-order.ts";

/** Options of {@link createMemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** Sessions of all principals together; beyond it the least recently updated go first. Default 10,000. */
  readonly maxSessions?: number;
  /** Characters (UTF-16 units) of all their texts together, likewise; a session that is larger by itself is kept alone. Default: no bound. */
  readonly maxChars?: number;
}

/**
 * Creates an empty store.
 *
 * @throws RangeError when a bound is not a whole number of at least 1.
 */
export function createMemorySessionStore(options: MemorySessionStoreOptions = {}): SessionStore {
  const maxSessions = options.maxSessions ?? 10_000;
  const maxChars = options.maxChars ?? Number.MAX_SAFE_INTEGER;
  for (const [name, bound] of Object.entries({ maxSessions, maxChars })) {
    if (!Number.isInteger(bound) || bound < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${bound}`);
  }
  // A Map iterates in order of insertion; every save re-inserts, so the first key is the least recently saved.
  const sessions = new Map<string, Session>();
  let chars = 0;

  function forget(id: string): boolean {
    const session = sessions.get(id);
    if (session !== undefined) chars -= charsOfSession(session);
    return sessions.delete(id);
  }

  function owned(principal: string): Session[] {
    return [...sessions.values()].filter((session) => session.principal === principal).sort(compareSessions);
  }

  return {
    async load(principal, id) {
      const session = sessions.get(id);
      return session?.principal === principal ? session : undefined;
    },
    async list(principal, limit, after) {
      const listed = owned(principal).filter((session) => comesAfter(session, after));
      return listed.slice(0, Math.max(0, limit));
    },
    async save(session) {
      const stored = sessions.get(session.id);
      if (stored !== undefined && stored.principal !== session.principal) return false;
      if ((stored?.version ?? 0) !== session.version - 1) return false;
      forget(session.id);
      sessions.set(session.id, session);
      chars += charsOfSession(session);
      for (const id of sessions.keys()) {
        if ((sessions.size <= maxSessions && chars <= maxChars) || sessions.size === 1) break;
        forget(id);
      }
      return true;
    },
    async remove(principal, id) {
      return sessions.get(id)?.principal === principal && forget(id);
    },
    async prune(principal, keep) {
      const surplus = owned(principal).slice(Math.max(0, keep));
      for (const session of surplus) forget(session.id);
      return surplus.length;
    },
  };
}
