/** The order in which sessions are listed: the most recently updated first, those of one time by their ids. */
import type { SessionPosition } from "../ports.ts";

/** Negative when `a` is listed before `b`. */
export function compareSessions(a: SessionPosition, b: SessionPosition): number {
  if (a.updatedAtMs !== b.updatedAtMs) return b.updatedAtMs - a.updatedAtMs;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/** Whether the session is listed behind that place. */
export const comesAfter = (session: SessionPosition, after: SessionPosition | undefined): boolean =>
  after === undefined || compareSessions(session, after) > 0;
