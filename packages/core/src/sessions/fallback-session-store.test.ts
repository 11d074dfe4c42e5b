/** Sessions through the loss and the return of their store. */
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { createUnreliableStore } from "../../test-support/unreliable-session-store.ts";
import { RagError } from "../errors.ts";
import type { Session, Turn } from "../model.ts";
import { createFallbackSessionStore, type FallbackSessionStoreOptions } from "./fallback-session-store.ts";
import { createMemorySessionStore } from "./memory-session-store.ts";
import { sessionStoreContract } from "./session-store.contract.ts";

const RETRY_MS = 500;
const SETTLE_MS = 5_000;

function turn(name: string, atMs = 0): Turn {
  return { question: `${name}?`, standaloneQuestion: `${name}?`, answer: name, answerable: true, citedTitles: [], atMs };
}

function session(version: number, turns: readonly Turn[], overrides: Partial<Session> = {}): Session {
  return { id: "s", principal: "ada", version, turns, createdAtMs: 0, updatedAtMs: version, ...overrides };
}

/** A fallback store over a link to a store that others reach as well. */
function scene(options: Partial<FallbackSessionStoreOptions> = {}) {
  const time = createFakeTime();
  const stored = createMemorySessionStore();
  const unreliable = createUnreliableStore(stored);
  const link = unreliable.createLink();
  const logged: string[] = [];
  const store = createFallbackSessionStore({
    primary: link,
    clock: time.clock,
    timers: time.timers,
    log: (message) => logged.push(message),
    ...options,
  });
  return { time, stored, unreliable, link, logged, store };
}

const AWAY = expect.objectContaining({ code: "store_unavailable" });

sessionStoreContract("the fallback store with its primary at hand", () => scene().store);

describe("createFallbackSessionStore", () => {
  it("goes on with a session used before, and moves it back at the same version", async () => {
    const { store, stored, link, time } = scene();
    await store.save(session(1, [turn("a")]));
    link.state = "down";
    expect(await store.load("ada", "s")).toEqual(session(1, [turn("a")]));
    expect(await store.save(session(2, [turn("a"), turn("b")]))).toBe(true);
    expect(await store.save(session(3, [turn("a"), turn("b"), turn("c")]))).toBe(true);
    expect(store.status()).toMatchObject({ isActive: true, unsaved: 1 });
    link.state = "up";
    await time.advance(RETRY_MS);
    expect(await stored.load("ada", "s")).toEqual(session(3, [turn("a"), turn("b"), turn("c")]));
    expect(store.status()).toEqual({ isActive: false, unsaved: 0, copies: 1, lost: 0, moved: 1 });
  });

  it("moves back at once when it is told that the store has returned", async () => {
    const { store, stored, link } = scene();
    link.state = "down";
    await store.save(session(1, [turn("a")]));
    link.state = "up";
    await store.retryNow();
    expect(await stored.load("ada", "s")).toEqual(session(1, [turn("a")]));
  });

  it("does not make callers wait for a store that is known to be away", async () => {
    const { store, link } = scene();
    link.state = "down";
    await store.save(session(1, []));
    const callsBefore = link.calls;
    await store.save(session(2, []));
    await store.save(session(1, [], { id: "another" }));
    await store.prune("ada", 10);
    expect(link.calls).toBe(callsBefore);
  });

  it("merges the turns of both sides by their time when the session went on elsewhere too", async () => {
    const { store, stored, link, time } = scene();
    await store.save(session(1, [turn("a", 1)]));
    link.state = "down";
    await store.save(session(2, [turn("a", 1), turn("c", 3)]));
    await stored.save(session(2, [turn("a", 1), turn("b", 2)]));
    await stored.save(session(3, [turn("a", 1), turn("b", 2), turn("d", 4)]));
    link.state = "up";
    await time.advance(RETRY_MS);
    const merged = [turn("a", 1), turn("b", 2), turn("c", 3), turn("d", 4)];
    expect(await stored.load("ada", "s")).toEqual(session(4, merged, { updatedAtMs: 3 }));
    expect(await store.load("ada", "s")).toEqual(session(4, merged, { updatedAtMs: 3 }));
  });

  it.each(["mute", "late"] as const)("keeps one of each turn when a failed save was carried out after all (%s)", async (state) => {
    const { store, stored, link, time, unreliable } = scene();
    await store.save(session(1, [turn("a")]));
    link.state = state;
    await store.save(session(2, [turn("a"), turn("b")]));
    await unreliable.applyLate();
    link.state = "up";
    await time.advance(RETRY_MS);
    expect(await stored.load("ada", "s")).toEqual(session(2, [turn("a"), turn("b")]));
  });

  it("is not overwritten by a write that arrives after its caller gave it up", async () => {
    const { store, stored, link, time, unreliable } = scene();
    await store.save(session(1, [turn("a")]));
    link.state = "late";
    await store.save(session(2, [turn("a"), turn("b")]));
    await store.save(session(3, [turn("a"), turn("b"), turn("c")]));
    link.state = "up";
    await time.advance(RETRY_MS);
    await unreliable.applyLate();
    expect(await stored.load("ada", "s")).toEqual(session(3, [turn("a"), turn("b"), turn("c")]));
  });

  it("lets exactly one of two saves of one version win in memory", async () => {
    const { store, link } = scene();
    await store.save(session(1, []));
    link.state = "down";
    await store.prune("ada", 10);
    expect(await Promise.all([store.save(session(2, [turn("b")])), store.save(session(2, [turn("c")]))])).toEqual([true, false]);
    expect(await store.load("ada", "s")).toEqual(session(2, [turn("b")]));
  });

  it("keeps the turns of both when two saves of one version fail, since either may be carried out yet", async () => {
    const { store, stored, link, unreliable, time } = scene();
    await store.save(session(1, []));
    link.state = "late";
    expect(await Promise.all([store.save(session(2, [turn("b", 1)])), store.save(session(2, [turn("c", 2)]))])).toEqual([true, true]);
    expect(await store.load("ada", "s")).toMatchObject({ version: 3, turns: [turn("b", 1), turn("c", 2)] });
    await unreliable.applyLate();
    link.state = "up";
    await time.advance(RETRY_MS);
    expect(await stored.load("ada", "s")).toMatchObject({ version: 3, turns: [turn("b", 1), turn("c", 2)] });
  });

  it.each([
    ["confirms a failed save whose turn has been read from the store since", "b", true],
    ["denies a failed save whose version somebody else has taken since", "faster", false],
  ])("%s", async (_, nameStored, isSaved) => {
    const stored = createMemorySessionStore();
    const answer = Promise.withResolvers<never>();
    const { store } = scene({ primary: { ...stored, save: () => answer.promise } });
    const saving = store.save(session(1, [turn("b")]));
    await stored.save(session(1, [turn(nameStored)]));
    await store.load("ada", "s");
    answer.reject(new RagError("store_unavailable", "no answer"));
    expect(await saving).toBe(isSaved);
    expect((await store.load("ada", "s"))?.turns).toEqual([turn(nameStored)]);
  });

  it("does not take a slow answer of earlier for the loss of a session that was begun anew meanwhile", async () => {
    const stored = createMemorySessionStore();
    const slow = Promise.withResolvers<undefined>();
    const primary = { ...stored, load: () => slow.promise };
    const { store } = scene({ primary });
    await store.save(session(1, [turn("a")]));
    await stored.remove("ada", "s");
    const loading = store.load("ada", "s");
    await store.save(session(1, [turn("b")]));
    slow.resolve(undefined);
    expect(await loading).toBeUndefined();
    primary.load = () => Promise.reject(new RagError("store_unavailable", "away"));
    expect(await store.load("ada", "s")).toEqual(session(1, [turn("b")]));
  });

  it("cannot tell a session that is not in memory from one that does not exist", async () => {
    const { store, stored, link } = scene();
    await stored.save(session(1, [turn("a")], { id: "old" }));
    await store.save(session(1, [], { id: "eves", principal: "eve" }));
    link.state = "down";
    for (const id of ["old", "nowhere", "eves"]) await expect(store.load("ada", id)).rejects.toEqual(AWAY);
  });

  it("refuses a foreign session in memory as the store would", async () => {
    const { store, link } = scene();
    link.state = "down";
    await store.save(session(1, [], { principal: "eve" }));
    expect(await store.save(session(2, []))).toBe(false);
    expect(await store.list("ada", 10)).toEqual([]);
    await expect(store.load("ada", "s")).rejects.toEqual(AWAY);
  });

  it("lists what it has in memory while the store is away, the newest version of each when it is back", async () => {
    const { store, stored, link } = scene();
    await stored.save(session(1, [], { id: "old", updatedAtMs: 100 }));
    await store.save(session(1, [], { id: "b" }));
    link.state = "read-only";
    await store.save(session(2, [], { id: "b", updatedAtMs: 50 }));
    expect((await store.list("ada", 10)).map(({ id, version }) => [id, version])).toEqual([
      ["old", 1],
      ["b", 2],
    ]);
    link.state = "down";
    expect((await store.list("ada", 10)).map(({ id }) => id)).toEqual(["b"]);
    expect(await store.list("ada", 0)).toEqual([]);
  });

  it("lists in parts of full length, each session where its newest version stands", async () => {
    const { store, stored, link } = scene();
    for (const updatedAtMs of [1, 2, 3, 4, 5, 6]) await stored.save(session(1, [], { id: `s${updatedAtMs}`, updatedAtMs }));
    link.state = "read-only";
    for (const id of ["s5", "s4"]) {
      await store.load("ada", id);
      await store.save(session(2, [], { id, updatedAtMs: 100 }));
    }
    const first = await store.list("ada", 3);
    expect(first.map(({ id }) => id)).toEqual(["s4", "s5", "s6"]);
    expect((await store.list("ada", 2, first.at(-1))).map(({ id }) => id)).toEqual(["s3", "s2"]);
    link.state = "down";
    expect((await store.list("ada", 2, { id: "s4", updatedAtMs: 100 })).map(({ id }) => id)).toEqual(["s5"]);
  });

  it("reads on from a store that refuses writes alone", async () => {
    const { store, stored, link } = scene();
    await stored.save(session(1, [turn("a")]));
    link.state = "read-only";
    await store.save(session(1, [], { id: "new" }));
    expect(await store.load("ada", "s")).toEqual(session(1, [turn("a")]));
    expect(store.status()).toMatchObject({ isActive: true, unsaved: 1 });
  });

  it("confirms a deletion only when it is done everywhere", async () => {
    const { store, stored, link, time } = scene();
    await store.save(session(1, []));
    link.state = "down";
    await expect(store.remove("ada", "s")).rejects.toEqual(AWAY);
    await store.save(session(1, [], { id: "tried" }));
    await store.save(session(1, [], { id: "only here" }));
    await expect(store.remove("eve", "only here")).rejects.toEqual(AWAY);
    expect(await store.remove("ada", "only here")).toBe(true);
    link.state = "up";
    await time.advance(RETRY_MS);
    expect((await stored.list("ada", 10)).map(({ id }) => id).sort()).toEqual(["s", "tried"]);
    expect(await store.remove("ada", "s")).toBe(true);
    expect(await store.load("ada", "s")).toBeUndefined();
  });

  it("does not bring back a session that is deleted while it is being moved", async () => {
    const { store, stored, link } = scene();
    link.state = "down";
    await store.save(session(1, [turn("a")]));
    link.state = "up";
    const [, isRemoved] = await Promise.all([store.retryNow(), store.remove("ada", "s")]);
    expect(isRemoved).toBe(true);
    await store.retryNow();
    expect(await stored.load("ada", "s")).toBeUndefined();
  });

  it("lets copies go before unsaved sessions, and counts what it loses", async () => {
    const { store, link } = scene({ maxSessions: 2 });
    await store.save(session(1, [], { id: "copy" }));
    link.state = "down";
    await store.save(session(1, [], { id: "a" }));
    await store.save(session(1, [], { id: "b" }));
    expect(store.status()).toMatchObject({ copies: 0, unsaved: 2, lost: 0 });
    await store.save(session(1, [], { id: "c" }));
    expect(store.status()).toMatchObject({ unsaved: 2, lost: 1 });
    expect((await store.list("ada", 10)).map(({ id }) => id).sort()).toEqual(["b", "c"]);
  });

  it("keeps within its bound of characters", async () => {
    const { store, link } = scene({ maxChars: 100 });
    link.state = "down";
    for (const id of ["a", "b", "c"]) await store.save(session(1, [turn("x".repeat(15))], { id }));
    expect(store.status()).toMatchObject({ unsaved: 2, lost: 1 });
  });

  it("prunes in memory while the store is away", async () => {
    const { store, link } = scene();
    link.state = "down";
    for (const updatedAtMs of [3, 1, 2]) await store.save(session(1, [], { id: `s${updatedAtMs}`, updatedAtMs }));
    expect(await store.prune("ada", 2)).toBe(1);
    expect((await store.list("ada", 10)).map(({ id }) => id)).toEqual(["s3", "s2"]);
  });

  it("gives up a session whose id belongs to somebody else in the store", async () => {
    const { store, stored, link, time } = scene();
    await stored.save(session(1, [turn("hers")], { principal: "eve" }));
    link.state = "down";
    await store.save(session(1, [turn("mine")]));
    link.state = "up";
    await time.advance(RETRY_MS);
    expect(store.status()).toMatchObject({ unsaved: 0, lost: 1 });
    expect(await stored.load("eve", "s")).toEqual(session(1, [turn("hers")], { principal: "eve" }));
  });

  it("says once that it took over, and once that it is over, however often the store flaps", async () => {
    const { store, link, logged, time } = scene();
    for (let flap = 0; flap < 200; flap += 1) {
      link.state = flap % 2 === 0 ? "down" : "up";
      await store.save(session(flap + 1, []));
      await time.advance(300);
    }
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);
    await time.advance(SETTLE_MS + RETRY_MS);
    expect(logged).toEqual(["FALLBACK ACTIVATED", "FALLBACK ENDED"]);
    link.state = "down";
    await store.save(session(1, [], { id: "next" }));
    expect(logged).toHaveLength(3);
  });

  it("leaves no timer behind after an episode", async () => {
    const { store, link, time } = scene();
    link.state = "down";
    await store.save(session(1, []));
    link.state = "up";
    await time.advance(SETTLE_MS + 2 * RETRY_MS);
    expect(time.pending()).toBe(0);
  });

  it("moves everything back before it closes, if the store is there", async () => {
    const { store, stored, link, time } = scene();
    link.state = "down";
    await store.save(session(1, []));
    link.state = "up";
    await store.close();
    expect(await stored.load("ada", "s")).toBeDefined();
    expect(time.pending()).toBe(0);
  });

  it("closes without waiting for a store that is away, and says what is lost", async () => {
    const { store, link, logged, time } = scene();
    link.state = "down";
    await store.save(session(1, []));
    await store.close();
    expect(logged.at(-1)).toMatch(/^SESSIONS LOST/);
    expect(time.pending()).toBe(0);
  });

  it("passes on an error that is a mistake of ours", async () => {
    const mistake = new TypeError("a mistake");
    const fail = () => Promise.reject(mistake);
    const { store, logged } = scene({ primary: { load: fail, list: fail, save: fail, remove: fail, prune: fail } });
    const calls = [
      () => store.load("ada", "s"),
      () => store.list("ada", 1),
      () => store.save(session(1, [])),
      () => store.remove("ada", "s"),
      () => store.prune("ada", 1),
    ];
    for (const call of calls) await expect(call()).rejects.toBe(mistake);
    expect(logged).toEqual([]);
  });

  it.each([{ maxSessions: 0 }, { maxChars: 1.5 }, { retryEveryMs: 0 }, { settleMs: Number.NaN }])("refuses %j", (options) => {
    expect(() => scene(options)).toThrow(RangeError);
  });
});
