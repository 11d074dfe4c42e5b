/** One session store behind links that fail in every way in which a network or a server can fail. */
import { RagError } from "../src/errors.ts";
import type { Session } from "../src/model.ts";
import type { SessionStore } from "../src/ports.ts";

/**
 * What becomes of a call over a link:
 * - `up`: carried out and answered;
 * - `down`: neither carried out nor answered;
 * - `mute`: carried out, the answer is lost;
 * - `late`: given up by the caller; a write is carried out when {@link UnreliableStore.applyLate} is called;
 * - `read-only`: reads are answered, writes refused.
 */
export type LinkState = "up" | "down" | "mute" | "late" | "read-only";

export interface Link extends SessionStore {
  state: LinkState;
  /** Calls that came over this link, whatever became of them. */
  calls: number;
}

export interface UnreliableStore {
  /** @param pause awaited by each call, before it is carried out and after it. */
  createLink(pause?: () => Promise<void>): Link;
  /** Carries out one write that its caller gave up long ago. */
  applyLate(): Promise<void>;
  /** What the store holds, as an unfailing reader sees it. */
  read(principal: string, id: string): Promise<Session | undefined>;
}

export function createUnreliableStore(store: SessionStore): UnreliableStore {
  const late: (() => Promise<unknown>)[] = [];
  const away = (): RagError => new RagError("store_unavailable", "The store is away.");

  return {
    createLink(pause = async () => {}) {
      async function call<T>(isWrite: boolean, carryOut: () => Promise<T>): Promise<T> {
        link.calls += 1;
        const { state } = link;
        await pause();
        if (state === "late" && isWrite) late.push(carryOut);
        const isCarriedOut = state === "up" || state === "mute" || (state === "read-only" && !isWrite);
        const outcome = isCarriedOut ? { result: await carryOut() } : undefined;
        await pause();
        if (outcome === undefined || state === "mute") throw away();
        return outcome.result;
      }
      const link: Link = {
        state: "up",
        calls: 0,
        load: (principal, id) => call(false, () => store.load(principal, id)),
        list: (principal, limit, after) => call(false, () => store.list(principal, limit, after)),
        save: (session) => call(true, () => store.save(session)),
        remove: (principal, id) => call(true, () => store.remove(principal, id)),
        prune: (principal, keep) => call(true, () => store.prune(principal, keep)),
      };
      return link;
    },
    async applyLate() {
      await late.shift()?.();
    },
    read: (principal, id) => store.load(principal, id),
  };
}
