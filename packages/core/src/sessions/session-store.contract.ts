/** What every session store must do; each adapter's test calls this and adds only what is special to it. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Session } from "../model.ts";
import type { SessionStore } from "../ports.ts";

/** A session as the contract stores it; fields may be overridden. */
function session(overrides: Partial<Session> = {}): Session {
  const version = overrides.version ?? 1;
  return {
    id: "session-1",
    principal: "ada",
    version,
    turns: Array.from({ length: version }, (_, turn) => ({
      question: `Question ${turn} – “ünïcode” 🦉?`,
      standaloneQuestion: `Standalone ${turn}`,
      answer: `Answer ${turn}\nwith a second line`,
      answerable: turn % 2 === 0,
      citedTitles: ["A title", "Another's title"],
      atMs: 1_700_000_000_000 + turn,
    })),
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: 1_700_000_000_000 + version,
    ...overrides,
  };
}

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function sessionStoreContract(name: string, makeStore: () => SessionStore | Promise<SessionStore>): void {
  describe(`${name} as a session store`, () => {
    let store: SessionStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    it("knows nothing at first", async () => {
      expect(await store.load("ada", "session-1")).toBeUndefined();
      expect(await store.list("ada", 10)).toEqual([]);
      expect(await store.remove("ada", "session-1")).toBe(false);
      expect(await store.prune("ada", 0)).toBe(0);
    });

    it("gives back exactly what was saved", async () => {
      expect(await store.save(session())).toBe(true);
      expect(await store.load("ada", "session-1")).toEqual(session());
    });

    it("keeps a session without turns", async () => {
      expect(await store.save(session({ turns: [] }))).toBe(true);
      expect((await store.load("ada", "session-1"))?.turns).toEqual([]);
    });

    it("replaces a version by its successor", async () => {
      await store.save(session());
      expect(await store.save(session({ version: 2 }))).toBe(true);
      expect(await store.load("ada", "session-1")).toEqual(session({ version: 2 }));
    });

    it.each([
      ["the same version again", 2],
      ["an older version", 1],
      ["a version that skips one", 4],
    ])("refuses %s and keeps what it has", async (_, version) => {
      await store.save(session());
      await store.save(session({ version: 2 }));
      expect(await store.save(session({ version, turns: [] }))).toBe(false);
      expect(await store.load("ada", "session-1")).toEqual(session({ version: 2 }));
    });

    it("refuses a later version of a session it does not have", async () => {
      expect(await store.save(session({ version: 2 }))).toBe(false);
      expect(await store.load("ada", "session-1")).toBeUndefined();
    });

    it("lets exactly one of several simultaneous writers win", async () => {
      await store.save(session());
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.save(session({ version: 2 }))));
      expect(outcomes.filter((won) => won)).toHaveLength(1);
    });

    it("hides a session from everybody but its owner", async () => {
      await store.save(session());
      expect(await store.load("eve", "session-1")).toBeUndefined();
      expect(await store.list("eve", 10)).toEqual([]);
      expect(await store.remove("eve", "session-1")).toBe(false);
      expect(await store.prune("eve", 0)).toBe(0);
      expect(await store.load("ada", "session-1")).toEqual(session());
    });

    it.each([1, 2])("refuses version %i under an id that belongs to somebody else", async (version) => {
      await store.save(session());
      expect(await store.save(session({ principal: "eve", version }))).toBe(false);
      expect(await store.load("eve", "session-1")).toBeUndefined();
      expect(await store.load("ada", "session-1")).toEqual(session());
    });

    it("lists the most recently updated first, up to the limit", async () => {
      for (const [id, updatedAtMs] of [
        ["old", 10],
        ["newest", 30],
        ["middle", 20],
      ] as const) {
        await store.save(session({ id, updatedAtMs }));
      }
      expect((await store.list("ada", 10)).map(({ id }) => id)).toEqual(["newest", "middle", "old"]);
      expect((await store.list("ada", 2)).map(({ id }) => id)).toEqual(["newest", "middle"]);
      expect(await store.list("ada", 0)).toEqual([]);
    });

    it("lists those of one time by their ids", async () => {
      for (const id of ["b", "B-1", "c", "a", "B"]) await store.save(session({ id, updatedAtMs: 10 }));
      expect((await store.list("ada", 10)).map(({ id }) => id)).toEqual(["B", "B-1", "a", "b", "c"]);
    });

    it("lists what comes after a place, whether or not there is still a session", async () => {
      for (const id of ["a", "b", "c"]) await store.save(session({ id, updatedAtMs: 20 }));
      await store.save(session({ id: "newest", updatedAtMs: 30 }));
      await store.save(session({ id: "old", updatedAtMs: 10 }));
      const after = async (id: string, updatedAtMs: number, limit = 10): Promise<string[]> =>
        (await store.list("ada", limit, { id, updatedAtMs })).map((found) => found.id);
      expect(await after("newest", 30, 2)).toEqual(["a", "b"]);
      expect(await after("b", 20)).toEqual(["c", "old"]);
      expect(await after("bb", 20, 1)).toEqual(["c"]);
      expect(await after("c", 20)).toEqual(["old"]);
      expect(await after("a", 25)).toEqual(["a", "b", "c", "old"]);
      expect(await after("", 20)).toEqual(["a", "b", "c", "old"]);
      expect(await after("old", 10)).toEqual([]);
      expect(await after("a", Number.MAX_SAFE_INTEGER, 1)).toEqual(["newest"]);
    });

    it("lists every session once over several parts, but for those that are saved meanwhile", async () => {
      for (let at = 1; at <= 7; at += 1) await store.save(session({ id: `s${at}`, updatedAtMs: 10 + Math.floor(at / 2) }));
      const listed: string[] = [];
      let after: Session | undefined;
      for (;;) {
        const part = await store.list("ada", 2, after);
        listed.push(...part.map(({ id }) => id));
        after = part.at(-1);
        if (after === undefined) break;
        // One that was listed, and one that was not yet, move to the front.
        if (listed.length === 2) for (const id of ["s6", "s3"]) await store.save(session({ id, version: 2, updatedAtMs: 99 }));
      }
      expect(listed).toEqual(["s6", "s7", "s4", "s5", "s2", "s1"]);
      expect((await store.list("ada", 3)).map(({ id }) => id)).toEqual(["s3", "s6", "s7"]);
    });

    it("removes a session, after which it may begin again at version 1", async () => {
      await store.save(session());
      expect(await store.remove("ada", "session-1")).toBe(true);
      expect(await store.load("ada", "session-1")).toBeUndefined();
      expect(await store.remove("ada", "session-1")).toBe(false);
      expect(await store.save(session())).toBe(true);
    });

    it("prunes the oldest sessions of one principal", async () => {
      for (const updatedAtMs of [40, 10, 30, 20]) await store.save(session({ id: `s${updatedAtMs}`, updatedAtMs }));
      await store.save(session({ id: "eves", principal: "eve", updatedAtMs: 1 }));
      expect(await store.prune("ada", 2)).toBe(2);
      expect((await store.list("ada", 10)).map(({ id }) => id)).toEqual(["s40", "s30"]);
      expect(await store.list("eve", 10)).toHaveLength(1);
      expect(await store.prune("ada", 2)).toBe(0);
    });
  });
}
