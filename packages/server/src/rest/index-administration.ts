/** `/admin/index` and `/admin/doctor`: the derived stores, built anew and compared with the record. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";

export function mountIndexAdministration(app: Hono<RestEnvironment>, { index }: AppServices): void {
  app.get("/admin/index", async (c) => {
    await authorise("index.read", c.get("principal"));
    return c.json(index.describe());
  });
  app.post("/admin/index/reindex", async (c) => {
    await authorise("index.reindex", c.get("principal"));
    return c.json(index.reindex(), 202, { location: "/admin/index" });
  });
  app.post("/admin/index/switch-back", async (c) => {
    await authorise("index.switchBack", c.get("principal"));
    return c.json({ live: await index.switchBack() });
  });
  app.delete("/admin/index/previous", async (c) => {
    await authorise("index.dropPrevious", c.get("principal"));
    if (!(await index.dropPrevious())) throw new RagError("not_found", "There is no previous generation of vectors.");
    return c.body(null, 204);
  });
  app.get("/admin/doctor", async (c) => {
    await authorise("doctor.examine", c.get("principal"));
    return c.json(await index.examine({ repair: false }));
  });
  app.post("/admin/doctor/repair", async (c) => {
    await authorise("doctor.repair", c.get("principal"));
    return c.json(await index.examine({ repair: true }));
  });
}
