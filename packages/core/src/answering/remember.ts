/** Step 10: the turn goes into the session, and a good answer into the cache. */
import { RagError } from "../errors.ts";
import type { Answer, Session, Turn } from "../model.ts";
import type { CachedAnswer } from "../ports.ts";
import { appendTurn } from "../sessions/session-limits.ts";
import type { AnswerServices } from "./services.ts";

/** How often a session is loaded again when a question that another process answers was faster. */
const MAX_ATTEMPTS = 5;

/** Keeps an answer for the next time, if it is worth it. An entry that is lost costs time alone, never the answer. */
export async function cacheAnswer(
  entry: CachedAnswer,
  { cacheKey, similarKey }: { readonly cacheKey: string; readonly similarKey: string | undefined },
  { cache, similarQuestions }: Pick<AnswerServices, "cache" | "similarQuestions">,
): Promise<void> {
  if (!isWorthKeeping(entry.answer)) return;
  await cache.set(cacheKey, entry).catch(() => undefined);
  if (similarKey !== undefined) similarQuestions?.note(similarKey, cacheKey);
}

export interface Memory {
  readonly session: Session;
  readonly question: string;
  readonly standalone: string;
  readonly answer: Omit<Answer, "sessionId">;
}

/**
 * Appends the turn, and prunes the principal's sessions after a new one.
 *
 * @returns false when the turn could not be kept; the answer itself stands.
 */
export async function rememberTurn(
  { session, question, standalone, answer }: Memory,
  services: Pick<AnswerServices, "sessions" | "turns" | "clock" | "limits">,
): Promise<boolean> {
  const turn: Turn = {
    question,
    standaloneQuestion: standalone,
    answer: answer.answer,
    answerable: answer.answerable,
    citedTitles: [...new Set(answer.citations.map(({ title }) => title))],
    atMs: services.clock.now(),
  };
  try {
    return await services.turns.run(session.id, () => saveTurn(session, turn, services));
  } catch (error) {
    // The answer is there and may have been read already: it is not taken back because its turn could not be kept.
    if (error instanceof RagError && error.code === "store_unavailable") return false;
    throw error;
  }
}

/** Complete, un-degraded, answerable, and founded on something. */
function isWorthKeeping(answer: CachedAnswer["answer"]): boolean {
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
