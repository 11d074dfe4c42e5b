/** The bounds of a session, and how a turn is added within them: the oldest turns go first. */
import type { Session, Turn } from "../model.ts";

export interface SessionLimits {
  /** Turns kept in one session. */
  readonly maxTurns: number;
  /** Characters (UTF-16 units) kept in one session, over all texts of its turns. */
  readonly maxChars: number;
  /** Sessions kept for one principal. */
  readonly sessionsPerPrincipal: number;
}

/** The session with the turn added, at its next version. A turn that is too long by itself loses the end of its texts. */
export function appendTurn(session: Session, turn: Turn, limits: SessionLimits): Session {
  const { turns } = session;
  const newest = fitTurn(turn, limits.maxChars);
  let first = 0;
  let chars = charsOfSession(session) + charsOf(newest);
  for (const oldest of turns) {
    if (turns.length - first < limits.maxTurns && chars <= limits.maxChars) break;
    chars -= charsOf(oldest);
    first += 1;
  }
  const updatedAtMs = Math.max(session.updatedAtMs, turn.atMs);
  const next = { ...session, version: session.version + 1, turns: [...turns.slice(first), newest], updatedAtMs };
  counted.set(next, chars);
  return next;
}

/** Sessions are values that never change, so each is counted once. */
const counted = new WeakMap<Session, number>();

/** Characters (UTF-16 units) of all texts of a session. */
export function charsOfSession(session: Session): number {
  const known = counted.get(session);
  if (known !== undefined) return known;
  const chars = session.turns.reduce((sum, turn) => sum + charsOf(turn), 0);
  counted.set(session, chars);
  return chars;
}

function charsOf(turn: Turn): number {
  return turn.question.length + turn.standaloneQuestion.length + turn.answer.length + turn.citedTitles.reduce((sum, title) => sum + title.length, 0);
}

function fitTurn(turn: Turn, maxChars: number): Turn {
  if (charsOf(turn) <= maxChars) return turn;
  const share = Math.floor(maxChars / 3);
  const question = cut(turn.question, share);
  const standaloneQuestion = cut(turn.standaloneQuestion, share);
  return { ...turn, question, standaloneQuestion, answer: cut(turn.answer, maxChars - question.length - standaloneQuestion.length), citedTitles: [] };
}

/** The first `length` units, without half a surrogate pair at the end: not every store can keep one. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}
