/** Two continuations of one conversation, put together without losing a turn. */
import type { Session, Turn } from "../model.ts";

/**
 * What the store must hold so that no turn of either side is lost, and at which version.
 *
 * - Equal turns: the higher version.
 * - One has all turns of the other and is ahead of it: that one, as it is.
 * - Otherwise both went on by themselves: the turns of both in the order of their time, at a version above both, so that
 *   whoever still holds one of the two learns of it by compare-and-set.
 *
 * Turns that one side has let go because of its limits come back with the other side; the next turn trims them again.
 */
export function mergeSessions(stored: Session, kept: Session): Session {
  if (hasSameTurns(stored, kept)) return stored.version >= kept.version ? stored : kept;
  const turns = unite(stored.turns, kept.turns);
  if (turns.length === kept.turns.length && kept.version > stored.version) return kept;
  if (turns.length === stored.turns.length && stored.version > kept.version) return stored;
  return {
    id: kept.id,
    principal: kept.principal,
    version: Math.max(stored.version, kept.version) + 1,
    turns,
    createdAtMs: Math.min(stored.createdAtMs, kept.createdAtMs),
    updatedAtMs: Math.max(stored.updatedAtMs, kept.updatedAtMs),
  };
}

/** True when the newest turn of `session` stands in `known`: then the save of `session` was carried out, whatever its caller heard. */
export function hasNewestTurnOf(session: Session, known: Session): boolean {
  const newest = session.turns.at(-1);
  return newest !== undefined && known.turns.some((turn) => identityOf(turn) === identityOf(newest));
}

function hasSameTurns(a: Session, b: Session): boolean {
  return a.turns.length === b.turns.length && a.turns.every((turn, n) => identityOf(turn) === identityOf(b.turns[n]));
}

/** Each turn as often as the side that has it most often, by time; turns of one time stay in their order, the stored ones first. */
function unite(stored: readonly Turn[], kept: readonly Turn[]): readonly Turn[] {
  const unmatched = new Map<string, number>();
  for (const turn of stored) unmatched.set(identityOf(turn), (unmatched.get(identityOf(turn)) ?? 0) + 1);
  const added = kept.filter((turn) => {
    const count = unmatched.get(identityOf(turn)) ?? 0;
    if (count > 0) unmatched.set(identityOf(turn), count - 1);
    return count === 0;
  });
  // As long as one of the two exactly when that one has every turn of the other.
  return [...stored, ...added].sort((a, b) => a.atMs - b.atMs);
}

/** Turns have no id; what they say and when makes them the same. A JSON array keeps the parts apart whatever they hold. */
function identityOf(turn: Turn | undefined): string {
  return turn === undefined
    ? ""
    : JSON.stringify([turn.atMs, turn.question, turn.standaloneQuestion, turn.answer, turn.answerable, turn.citedTitles]);
}
