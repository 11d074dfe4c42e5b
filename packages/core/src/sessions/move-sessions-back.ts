/** Takes sessions that went on in memory back into their store, version by version. */
import type { Session } from "../model.ts";
import type { SessionStore } from "../ports.ts";
import { mergeSessions } from "./merge-sessions.ts";
import type { SessionMemory } from "./session-memory.ts";
import type { Access } from "./store-episode.ts";

/** How often one session is tried again when somebody else writes it at the same time. */
const MAX_ATTEMPTS = 10;
/** Sessions under way at the same time. */
const CONCURRENCY = 8;

export interface SessionMover {
  /**
   * Moves every unsaved session into the store, or tries the store when there is none.
   *
   * @throws what the store throws; the sessions not yet moved stay unsaved.
   */
  moveAll(succeeded: (access: Access) => void): Promise<void>;
  /** Keeps the session from being moved until `action` has ended. */
  withoutMoving<T>(id: string, action: () => Promise<T>): Promise<T>;
  /** Sessions moved, and sessions that the store does not want because the id belongs to somebody else, since the start. */
  readonly counts: { readonly moved: number; readonly refused: number };
}

export function createSessionMover({ primary, memory }: { readonly primary: SessionStore; readonly memory: SessionMemory }): SessionMover {
  const moving = new Map<string, Promise<void>>();
  const held = new Set<string>();
  let moved = 0;
  let refused = 0;

  /** Writes the same content at each version in between, since the store takes no version but the next. */
  async function advance(storedVersion: number, session: Session, succeeded: () => void): Promise<boolean> {
    for (let version = storedVersion + 1; version <= session.version; version += 1) {
      if (!(await primary.save({ ...session, version }))) return false;
      succeeded();
    }
    return true;
  }

  async function move(id: string, succeeded: (access: Access) => void): Promise<void> {
    let isKnownToStore = false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const unsaved = memory.unsaved(id);
      if (unsaved === undefined) return;
      const { session, isOnlyHere } = unsaved;
      // From here on the store may hold some version of it, whatever becomes of this attempt.
      if (isOnlyHere) memory.keepUnsaved(session, false);
      const stored = await primary.load(session.principal, id);
      succeeded("read");
      isKnownToStore ||= stored !== undefined;
      const merged = stored === undefined ? session : mergeSessions(stored, session);
      const isStored = await advance(stored?.version ?? 0, merged, () => succeeded("write"));
      // Otherwise somebody else was faster, or another turn came meanwhile: once more, with what is there now.
      if (isStored && memory.unsaved(id)?.session === session) {
        memory.keepCopy(merged);
        moved += 1;
        return;
      }
    }
    if (isKnownToStore) return;
    memory.forget(id);
    refused += 1;
  }

  async function moveUnlessHeld(id: string, succeeded: (access: Access) => void): Promise<void> {
    if (held.has(id)) return;
    const move_ = move(id, succeeded).finally(() => moving.delete(id));
    moving.set(id, move_);
    await move_;
  }

  return {
    async moveAll(succeeded) {
      const [first, ...others] = memory.listUnsaved().map(({ session }) => session.id);
      if (first === undefined) {
        // Nobody's session: what counts is that the store answers.
        await primary.load("", "");
        succeeded("read");
        succeeded("write");
        return;
      }
      // One alone first, so that a store that is still away is not asked by many.
      await moveUnlessHeld(first, succeeded);
      const queue = others.values();
      const worker = async (): Promise<void> => {
        for (const id of queue) await moveUnlessHeld(id, succeeded);
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, worker));
      succeeded("write");
    },
    async withoutMoving(id, action) {
      held.add(id);
      try {
        await moving.get(id)?.catch(() => undefined);
        return await action();
      } finally {
        held.delete(id);
      }
    },
    get counts() {
      return { moved, refused };
    },
  };
}
