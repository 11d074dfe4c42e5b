/** `/sessions`: a principal's own conversations. Somebody else's look exactly like none. */
import { RagError, type Session } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise, principalName } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { validate } from "./read-body.ts";
import { listQuery } from "./schemas.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

const summary = (session: Session): Record<string, unknown> => ({
  id: session.id,
  turnCount: session.turns.length,
  createdAt: iso(session.createdAtMs),
  updatedAt: iso(session.updatedAtMs),
  lastQuestion: session.turns.at(-1)?.question ?? null,
});

const detail = (session: Session): Record<string, unknown> => ({
  id: session.id,
  createdAt: iso(session.createdAtMs),
  updatedAt: iso(session.updatedAtMs),
  turns: session.turns.map(({ atMs, ...turn }) => ({ ...turn, at: iso(atMs) })),
});

const noSession = (): RagError => new RagError("not_found", "There is no session with this id. Ask without sessionId to start one.");

export function mountSessions(app: Hono<RestEnvironment>, services: AppServices): void {
  app.get("/sessions", async (c) => {
    await authorise("sessions.list", c.get("principal"));
    const { limit } = validate(listQuery, c.req.query());
    const sessions = await services.sessions.list(principalName(c.get("principal")), limit);
    return c.json({ sessions: sessions.map(summary) });
  });
  app.get("/sessions/:id", async (c) => {
    await authorise("sessions.get", c.get("principal"));
    const session = await services.sessions.load(principalName(c.get("principal")), c.req.param("id"));
    if (session === undefined) throw noSession();
    return c.json(detail(session));
  });
  app.delete("/sessions/:id", async (c) => {
    await authorise("sessions.delete", c.get("principal"));
    if (!(await services.sessions.remove(principalName(c.get("principal")), c.req.param("id")))) throw noSession();
    return c.body(null, 204);
  });
}
