import { continuationOf, type Session } from "@rag-personal/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extendSession, writeSession } from "./session-text.ts";

const text = fc.string({ unit: "binary" });
const turn = fc.record({
  question: text,
  standaloneQuestion: text,
  answer: text,
  answerable: fc.boolean(),
  citedTitles: fc.array(text),
  atMs: fc.nat(),
});
const turns = fc.array(turn, { minLength: 1, maxLength: 5 });

/** What Redis does. */
function splice(before: string, { head, keptBytes, added }: { readonly head: string; readonly keptBytes: number; readonly added: string }): string {
  const bytes = Buffer.from(before);
  return `${head}${bytes.subarray(-2 - keptBytes, -2).toString()},${added}]}`;
}

describe("the text of a session", () => {
  it("is the session", () => {
    fc.assert(
      fc.property(turns, text, (given, principal) => {
        const session: Session = { id: "s", principal, version: 1, turns: given, createdAtMs: 1, updatedAtMs: 2 };
        expect(JSON.parse(writeSession(session).text)).toEqual(session);
      }),
    );
  });

  it("grows to what it would be if it were written anew, time and again", () => {
    fc.assert(
      fc.property(turns, fc.array(fc.tuple(fc.nat({ max: 6 }), turns)), (first, steps) => {
        let session: Session = { id: "s", principal: "ada", version: 1, turns: first, createdAtMs: 1, updatedAtMs: 1 };
        let written = writeSession(session);
        for (const [dropped, added] of steps) {
          const next = {
            ...session,
            version: session.version + 1,
            updatedAtMs: 10 ** session.version,
            turns: [...session.turns.slice(dropped), ...added],
          };
          const continuation = continuationOf(next, session);
          const extended = continuation && extendSession(next, continuation, written.size);
          const whole = writeSession(next);
          // Nothing but a session that keeps no turn has to be sent whole.
          expect(extended === undefined).toBe(dropped >= session.turns.length);
          if (extended !== undefined) {
            expect(splice(written.text, extended)).toBe(whole.text);
            expect(extended.size).toEqual(whole.size);
          }
          [session, written] = [next, whole];
        }
      }),
    );
  });

  it("is sent whole when nothing is new", () => {
    const session: Session = { id: "s", principal: "ada", version: 2, turns: [], createdAtMs: 1, updatedAtMs: 1 };
    expect(extendSession(session, { dropped: 0, added: [] }, { bytes: 9, turnBytes: [4] })).toBeUndefined();
  });
});
