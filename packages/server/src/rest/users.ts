/** `/admin/users`: who can log in. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { User } from "../security/users.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { isoTime } from "./iso-time.ts";
import { readJson } from "./read-body.ts";
import { userRequest } from "./schemas.ts";

const description = ({ id, username, email, isSuperuser, createdAtMs, disabledAtMs }: User): Record<string, unknown> => ({
  id,
  username,
  email,
  isSuperuser,
  createdAt: isoTime(createdAtMs),
  disabledAt: isoTime(disabledAtMs),
});

export function mountUsers(app: Hono<RestEnvironment>, services: AppServices): void {
  app.get("/admin/users", async (c) => {
    await authorise("users.list", c.get("principal"));
    return c.json({ users: (await services.users.list()).map(description) });
  });
  app.post("/admin/users", async (c) => {
    await authorise("users.create", c.get("principal"));
    return c.json(description(await services.users.create(await readJson(c, userRequest, services.limits))), 201);
  });
  app.post("/admin/users/:id/disable", async (c) => {
    await authorise("users.disable", c.get("principal"));
    const isKnown = await services.users.disable(c.req.param("id"));
    if (!isKnown) throw new RagError("not_found", "There is no user with this id. GET /admin/users lists them.");
    return c.body(null, 204);
  });
}
