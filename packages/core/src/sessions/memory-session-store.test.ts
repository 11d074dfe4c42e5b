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

  it.each([0, -1, 1.5, Number.NaN])("refuses a bound of %d", (maxSessions) => {
    expect(() => createMemorySessionStore({ maxSessions })).toThrow(RangeError);
  });
});
