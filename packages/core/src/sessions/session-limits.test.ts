/** A session within its bounds, however many turns of whatever size are added. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Session, Turn } from "../model.ts";
import { appendTurn, type SessionLimits } from "./session-limits.ts";

const EMPTY: Session = { id: "s", principal: "ada", version: 0, turns: [], createdAtMs: 5, updatedAtMs: 5 };
const LIMITS: SessionLimits = { maxTurns: 3, maxChars: 100, sessionsPerPrincipal: 10 };

function turn(question: string, overrides: Partial<Turn> = {}): Turn {
  return { question, standaloneQuestion: question, answer: "yes", answerable: true, citedTitles: [], atMs: 10, ...overrides };
}

const charsOf = (session: Session): number =>
  session.turns.reduce(
    (sum, { question, standaloneQuestion, answer, citedTitles }) =>
      sum + question.length + standaloneQuestion.length + answer.length + citedTitles.join("").length,
    0,
  );

describe("appendTurn", () => {
  it("adds the turn at the next version and moves the time on", () => {
    const next = appendTurn(EMPTY, turn("a"), LIMITS);
    expect(next).toEqual({ ...EMPTY, version: 1, turns: [turn("a")], updatedAtMs: 10 });
    expect(appendTurn(next, turn("b", { atMs: 7 }), LIMITS).updatedAtMs).toBe(10);
  });

  it("lets the oldest turns go when there are too many", () => {
    const session = ["a", "b", "c", "d"].reduce((current, name) => appendTurn(current, turn(name), LIMITS), EMPTY);
    expect(session.turns.map(({ question }) => question)).toEqual(["b", "c", "d"]);
    expect(session.version).toBe(4);
  });

  it("lets the oldest turns go when they are too long together", () => {
    const session = ["a", "b", "c"].reduce((current, name) => appendTurn(current, turn(name, { answer: name.repeat(45) }), LIMITS), EMPTY);
    expect(session.turns.map(({ question }) => question)).toEqual(["b", "c"]);
  });

  it("keeps the beginning of a turn that is too long by itself", () => {
    const session = appendTurn(EMPTY, turn("q".repeat(500), { answer: "a".repeat(500) }), LIMITS);
    expect(charsOf(session)).toBe(100);
    expect(session.turns[0]?.answer).toMatch(/^a+$/);
  });

  it("never cuts a character in two", () => {
    const session = appendTurn(EMPTY, turn("🦉".repeat(50), { answer: "🦉".repeat(50) }), { ...LIMITS, maxChars: 97 });
    for (const { question, answer } of session.turns) expect((question + answer).isWellFormed()).toBe(true);
  });

  it("keeps its bounds and the newest turn for any sequence of turns", () => {
    const anyTurn = fc.record({
      question: fc.string({ maxLength: 60 }),
      standaloneQuestion: fc.string({ maxLength: 60 }),
      answer: fc.string({ maxLength: 200 }),
      answerable: fc.boolean(),
      citedTitles: fc.array(fc.string({ maxLength: 10 }), { maxLength: 3 }),
      atMs: fc.nat(),
    });
    const limits = fc.record({
      maxTurns: fc.integer({ min: 1, max: 5 }),
      maxChars: fc.integer({ min: 3, max: 300 }),
      sessionsPerPrincipal: fc.constant(1),
    });
    fc.assert(
      fc.property(fc.array(anyTurn, { minLength: 1, maxLength: 12 }), limits, (turns, bounds) => {
        const session = turns.reduce<Session>((current, next) => appendTurn(current, next, bounds), EMPTY);
        expect(session.turns.length).toBeLessThanOrEqual(bounds.maxTurns);
        expect(session.turns.length).toBeGreaterThan(0);
        expect(charsOf(session)).toBeLessThanOrEqual(bounds.maxChars);
        expect(session.turns.at(-1)?.atMs).toBe(turns.at(-1)?.atMs);
        expect(session.version).toBe(turns.length);
      }),
    );
  });
});
