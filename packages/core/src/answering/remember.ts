/** Step 10: the turn goes into the session, and a good answer into the cache. */
import { RagError } from "../errors.ts";
import type { Answer, Session, SourceReference, Turn } from "../model.ts";
import { appendTurn } from "../sessions/session-limits.ts";
import type { AnswerServices } from "./services.ts";

/** How often a session is loaded again when a question that another process answers was faster. */
const MAX_ATTEMPTS = 5;

export interface Memory {
  readonly session: Session;
  readonly question: string;
  readonly standalone: string;
  readonly answer: Answer;
  readonly sources: readonly SourceReference[];
  readonly cacheKey: string;
  /** Undefined when similar questions are not answered alike. */
  readonly similarKey: string | undefined;
  /** False for an answer that came from the cache. */
  readonly isNew: boolean;
}

/**
 * Appends the turn, prunes the principal's sessions after a new one, fills the cache.
 *
 * @returns false when the turn could not be kept; the answer itself stands.
 */
export async function rememberAnswer(
  memory: Memory,
  services: Pick<AnswerServices, "sessions" | "turns" | "cache" | "similarQuestions" | "clock" | "limits">,
): Promise<boolean> {
  const { answer } = memory;
  if (memory.isNew && isWorthKeeping(answer)) {
    const { sessionId: _, ...kept } = answer;
    // An entry that is lost costs time alone, never the answer.
    await services.cache.set(memory.cacheKey, { answer: kept, sources: memory.sources }).catch(() => undefined);
    if (memory.similarKey !== undefined) services.similarQuestions?.note(memory.similarKey, memory.cacheKey);
  }
  const turn: Turn = {
    question: memory.question,
    standaloneQuestion: memory.standalone,
    answer: answer.answer,
    answerable: answer.answerable,
    citedTitles: [...new Set(answer.citations.map(({ title }) => title))],
    atMs: services.clock.now(),
  };
  try {
    return await services.turns.run(memory.session.id, () => saveTurn(memory.session, turn, services));
  } catch (error) {
    // The answer is there and may have been read already: it is not taken back because its turn could not be kept.
    if (error instanceof RagError && error.code === "store_unavailable") return false;
    throw error;
  }
}

/** Complete, un-degraded, answerable, and founded on something. */
function isWorthKeeping(answer: Answer): boolean {
  return answer.answerable && !answer.degraded && answer.citations.length > 0;
}

async function saveTurn(session: Session, turn: Turn, { sessions, limits }: Pick<AnswerServices, "sessions" | "limits">): Promise<boolean> {
  let current: Session | undefined = session;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && current !== undefined; attempt += 1) {
    const next = appendTurn(current, turn, limits);
    if (await sessions.save(next)) {
      if (next.version === 1) await sessions.prune(next.principal, limits.sessionsPerPrincipal);
      return true;
    }
    // Undefined when it was deleted meanwhile: then it stays deleted.
    current = await sessions.load(session.principal, session.id);
  }
  return false;
}
