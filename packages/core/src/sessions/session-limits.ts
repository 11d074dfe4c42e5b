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
  const newest = fitTurn(turn, limits.maxChars);
  const kept = [newest];
  let chars = charsOf(newest);
  for (const earlier of session.turns.toReversed()) {
    chars += charsOf(earlier);
    if (kept.length >= limits.maxTurns || chars > limits.maxChars) break;
    kept.unshift(earlier);
  }
  return { ...session, version: session.version + 1, turns: kept, updatedAtMs: Math.max(session.updatedAtMs, turn.atMs) };
}

/** Characters (UTF-16 units) of all texts of a session. */
export function charsOfSession({ turns }: Session): number {
  return turns.reduce((sum, turn) => sum + charsOf(turn), 0);
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
