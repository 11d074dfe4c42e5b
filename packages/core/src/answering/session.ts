/** Step 1: the session that a question belongs to. */
import { RagError } from "../errors.ts";
import type { Session } from "../model.ts";
import type { AnswerServices } from "./services.ts";

/**
 * Loads the session, or begins a new one (version 0: not stored yet).
 *
 * @throws RagError `not_found` for an id that does not exist or belongs to somebody else; the two cannot be told apart.
 */
export async function openSession(
  principal: string,
  sessionId: string | undefined,
  services: Pick<AnswerServices, "sessions" | "clock" | "newId">,
): Promise<Session> {
  if (sessionId === undefined) {
    const now = services.clock.now();
    return { id: services.newId(), principal, version: 0, turns: [], createdAtMs: now, updatedAtMs: now };
  }
  const session = await services.sessions.load(principal, sessionId);
  if (session === undefined) throw new RagError("not_found", "No session with this id. Start one by asking without sessionId.");
  return session;
}
