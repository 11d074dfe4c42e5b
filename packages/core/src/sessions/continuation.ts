/** What a session adds to its version before, for stores that need not be told the rest again. */
import type { Session, Turn } from "../model.ts";

export interface Continuation {
  /** Turns of the version before that are gone, from the oldest on. */
  readonly dropped: number;
  /** Turns that are new, oldest first. */
  readonly added: readonly Turn[];
}

/**
 * How `session` comes from `base`. Turns are values that never change: those of the version before are found again as the same objects.
 *
 * @returns undefined when it is not the next version of `base`, or keeps none of its turns.
 */
export function continuationOf(session: Session, base: Session | undefined): Continuation | undefined {
  if (base === undefined || base.version !== session.version - 1 || base.principal !== session.principal) return undefined;
  const [first] = session.turns;
  const dropped = first === undefined ? -1 : base.turns.indexOf(first);
  if (dropped < 0) return undefined;
  const kept = base.turns.slice(dropped);
  if (!kept.every((turn, at) => turn === session.turns[at])) return undefined;
  return { dropped, added: session.turns.slice(kept.length) };
}
