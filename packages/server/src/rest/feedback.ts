/** `POST /feedback`: a judgement of an answer; the same id twice counts once. */
import type { Hono } from "hono";
import { authorise, principalName } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { readJson } from "./read-body.ts";
import { feedbackRequest } from "./schemas.ts";

export function mountFeedback(app: Hono<RestEnvironment>, services: AppServices): void {
  app.post("/feedback", async (c) => {
    await authorise("feedback.write", c.get("principal"));
    const { id = services.newId(), ...input } = await readJson(c, feedbackRequest, services.limits);
    await services.saveFeedback({ ...input, id, principal: principalName(c.get("principal")), atMs: services.now() });
    return c.json({ id, stored: true }, 201);
  });
}
