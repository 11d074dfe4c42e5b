/** Sessions kept in memory beside a store: copies that can be let go, and unsaved ones that stand nowhere else. */
import type { Session } from "../model.ts";
import { charsOfSession } from "./session-limits.ts";

/** A session whose last version has not reached the store. */
export interface UnsavedSession {
  readonly session: Session;
  /** The store was never asked to keep any version of it, so it stands in this memory alone. */
  readonly isOnlyHere: boolean;
}

export interface SessionMemoryOptions {
  /** Sessions kept at most, copies and unsaved ones together. */
  readonly maxSessions: number;
  /** Characters (UTF-16 units) of all their texts together at most. */
  readonly maxChars: number;
}

export interface SessionMemory {
  /** The unsaved version if there is one, otherwise the copy. */
  find(id: string): Session | undefined;
  unsaved(id: string): UnsavedSession | undefined;
  /** Oldest first. */
  listUnsaved(): readonly UnsavedSession[];
  /** All sessions of the principal, in no order. */
  owned(principal: string): Session[];
  /** Keeps what the store is known to hold, unless a later version is known already. An unsaved version gives way to it. */
  keepCopy(session: Session): void;
  keepUnsaved(session: Session, isOnlyHere: boolean): void;
  forget(id: string): void;
  readonly counts: SessionMemoryCounts;
}

export interface SessionMemoryCounts {
  readonly copies: number;
  readonly unsaved: number;
  /** Unsaved sessions that had to be let go because of the bounds, since the start. */
  readonly lost: number;
}

/** Beyond its bounds the least recently used copies go first, then the unsaved sessions that have waited longest. */
export function createSessionMemory({ maxSessions, maxChars }: SessionMemoryOptions): SessionMemory {
  // Maps iterate in order of insertion; every use re-inserts, so the first key is the least recently used.
  const copies = new Map<string, Session>();
  const unsaved = new Map<string, UnsavedSession>();
  let chars = 0;
  let lost = 0;

  function forget(id: string): void {
    for (const session of [copies.get(id), unsaved.get(id)?.session]) if (session !== undefined) chars -= charsOfSession(session);
    copies.delete(id);
    unsaved.delete(id);
  }

  function makeRoom(): void {
    const isFull = (): boolean => copies.size + unsaved.size > maxSessions || chars > maxChars;
    for (const id of copies.keys()) {
      if (!isFull()) return;
      forget(id);
    }
    for (const id of unsaved.keys()) {
      // What was kept just now stays, however large it is.
      if (!isFull() || unsaved.size === 1) return;
      forget(id);
      lost += 1;
    }
  }

  return {
    find(id) {
      const copy = copies.get(id);
      if (copy === undefined) return unsaved.get(id)?.session;
      copies.delete(id);
      copies.set(id, copy);
      return copy;
    },
    unsaved: (id) => unsaved.get(id),
    listUnsaved: () => [...unsaved.values()],
    owned: (principal) =>
      [...copies.values(), ...[...unsaved.values()].map(({ session }) => session)].filter((session) => session.principal === principal),
    keepCopy(session) {
      // Replies may come out of order: a slow reading of an earlier version must not replace what was saved since.
      if ((copies.get(session.id)?.version ?? 0) > session.version) return;
      forget(session.id);
      copies.set(session.id, session);
      chars += charsOfSession(session);
      makeRoom();
    },
    keepUnsaved(session, isOnlyHere) {
      forget(session.id);
      unsaved.set(session.id, { session, isOnlyHere });
      chars += charsOfSession(session);
      makeRoom();
    },
    forget,
    get counts() {
      return { copies: copies.size, unsaved: unsaved.size, lost };
    },
  };
}
