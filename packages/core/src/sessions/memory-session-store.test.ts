/** The memory store against the contract, and its bound. */
import { describe, expect, it } from "vitest";
import type { Session } from "../model.ts";
import { createMemorySessionStore } from "./memory-session-store.ts";
import { sessionStoreContract } from "./session-store.contract.ts";

sessionStoreContract("the memory store", () => createMemorySessionStore({ maxSessions: 100 }));

function emptySession(id: string, version = 1): Session {
  return { id, principal: "ada", version, turns: [], createdAtMs: 0, updatedAtMs: 0 };
}

describe("createMemorySessionStore", () => {
  it("forgets the least recently saved session beyond its bound", async () => {
    const store = createMemorySessionStore({ maxSessions: 2 });
    await store.save(emptySession("a"));
    await store.save(emptySession("b"));
    await store.save(emptySession("a", 2));
    await store.save(emptySession("c"));
    expect((await store.list("ada", 10)).map(({ id }) => id).sort()).toEqual(["a", "c"]);
  });

  it("forgets it too when the texts of all are too long together, but never the one just saved", async () => {
    const store = createMemorySessionStore({ maxChars: 100 });
    const about = (answer: string) => ({ question: "", standaloneQuestion: "", answer, answerable: true, citedTitles: [], atMs: 0 });
    const kept = async () => (await store.list("ada", 10)).map(({ id }) => id).sort();
    await store.save({ ...emptySession("a"), turns: [about("a".repeat(60))] });
    await store.save({ ...emptySession("b"), turns: [about("b".repeat(40))] });
    expect(await kept()).toEqual(["a", "b"]);
    await store.save({ ...emptySession("b", 2), turns: [about("b".repeat(41))] });
    expect(await kept()).toEqual(["b"]);
    await store.remove("ada", "b");
    await store.save({ ...emptySession("c"), turns: [about("c".repeat(100))] });
    await store.save({ ...emptySession("d"), turns: [about("d".repeat(200))] });
    expect(await kept()).toEqual(["d"]);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a bound of %d", (bound) => {
    expect(() => createMemorySessionStore({ maxSessions: bound })).toThrow(RangeError);
    expect(() => createMemorySessionStore({ maxChars: bound })).toThrow(RangeError);
  });
});
