/** Sessions in memory: for tests, for workers without a database, and as the fallback of a store that is away. */
import type { Session } from "../model.ts";
import type { SessionStore } from "../ports.ts";

/** Options of {@link createMemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** Sessions of all principals together; beyond it the least recently updated go first. Default 10,000. */
  readonly maxSessions?: number;
}

/**
 * Creates an empty store.
 *
 * @throws RangeError when `maxSessions` is not a whole number of at least 1.
 */
export function createMemorySessionStore(options: MemorySessionStoreOptions = {}): SessionStore {
  const maxSessions = options.maxSessions ?? 10_000;
  if (!Number.isInteger(maxSessions) || maxSessions < 1) {
    throw new RangeError(`maxSessions must be a whole number of at least 1, not ${maxSessions}`);
  }
  // A Map iterates in order of insertion; every save re-inserts, so the first key is the least recently saved.
  const sessions = new Map<string, Session>();

  function owned(principal: string): Session[] {
    return [...sessions.values()]
      .filter((session) => session.principal === principal)
      .reverse()
      .sort((a, b) => b.updatedAtMs - a.updatedAtMs);
  }

  return {
    async load(principal, id) {
      const session = sessions.get(id);
      return session?.principal === principal ? session : undefined;
    },
    async list(principal, limit) {
      return owned(principal).slice(0, Math.max(0, limit));
    },
    async save(session) {
      const stored = sessions.get(session.id);
      if (stored !== undefined && stored.principal !== session.principal) return false;
      if ((stored?.version ?? 0) !== session.version - 1) return false;
      sessions.delete(session.id);
      sessions.set(session.id, session);
      for (const id of sessions.keys()) {
        if (sessions.size <= maxSessions) break;
        sessions.delete(id);
      }
      return true;
    },
    async remove(principal, id) {
      return sessions.get(id)?.principal === principal && sessions.delete(id);
    },
    async prune(principal, keep) {
      const surplus = owned(principal).slice(Math.max(0, keep));
      for (const session of surplus) sessions.delete(session.id);
      return surplus.length;
    },
  };
}
