/** Merging two continuations: nothing lost, nothing doubled, never back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Session, Turn } from "../model.ts";
import { mergeSessions } from "./merge-sessions.ts";

function session(version: number, names: string, overrides: Partial<Session> = {}): Session {
  const turns: Turn[] = [...names].map((name) => ({
    question: name,
    standaloneQuestion: name,
    answer: name,
    answerable: true,
    citedTitles: [],
    atMs: name.toLowerCase().charCodeAt(0),
  }));
  return { id: "s", principal: "ada", version, turns, createdAtMs: 5, updatedAtMs: version, ...overrides };
}

const namesOf = ({ turns }: Session): string => turns.map(({ question }) => question).join("");

describe("mergeSessions", () => {
  it.each([
    ["equal turns take the higher version, stored", session(3, "ab"), session(2, "ab"), 3, "ab"],
    ["equal turns take the higher version, kept", session(2, "ab"), session(4, "ab"), 4, "ab"],
    ["a continuation of what is stored stays as it is", session(2, "ab"), session(4, "abcd"), 4, "abcd"],
    ["what is stored stays when it continues what was kept", session(4, "abcd"), session(2, "ab"), 4, "abcd"],
    ["one version with different turns becomes a later one", session(3, "abc"), session(3, "abd"), 4, "abcd"],
    ["one version with more turns on one side becomes a later one", session(3, "abc"), session(3, "ab"), 4, "abc"],
    ["turns of both sides are put in the order of their time", session(4, "abeg"), session(5, "abcdf"), 6, "abcdefg"],
    ["turns of one time stay in their order, stored ones first", session(2, "aB"), session(2, "ab"), 3, "aBb"],
    ["turns that were said twice stay twice", session(2, "aa"), session(3, "aab"), 3, "aab"],
    ["turns that one side has let go come back", session(4, "cd"), session(3, "abce"), 5, "abcde"],
  ])("%s", (_, stored, kept, version, names) => {
    const merged = mergeSessions(stored, kept);
    expect([merged.version, namesOf(merged)]).toEqual([version, names]);
  });

  it("spans the time of both", () => {
    const merged = mergeSessions(session(2, "ab", { createdAtMs: 1, updatedAtMs: 9 }), session(2, "ac", { createdAtMs: 2, updatedAtMs: 8 }));
    expect(merged).toMatchObject({ id: "s", principal: "ada", createdAtMs: 1, updatedAtMs: 9 });
  });

  it("holds every turn as often as the side that has it most, above both versions unless it is one of them", () => {
    const names = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        names,
        fc.integer({ min: 1, max: 5 }),
        names,
        (storedVersion, storedNames, keptVersion, keptNames) => {
          const [stored, kept] = [session(storedVersion, storedNames), session(keptVersion, keptNames)];
          const merged = mergeSessions(stored, kept);
          const count = (within: string, name: string): number => within.split(name).length - 1;
          for (const name of "abcd") expect(count(namesOf(merged), name)).toBe(Math.max(count(storedNames, name), count(keptNames, name)));
          expect(merged.version).toBeGreaterThanOrEqual(Math.max(storedVersion, keptVersion));
          for (const side of [stored, kept]) if (merged.version === side.version) expect(namesOf(merged)).toBe(namesOf(side));
        },
      ),
    );
  });
});
