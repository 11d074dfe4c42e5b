/** `/admin`: figures and the documents themselves. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";

const noDocument = (): RagError => new RagError("not_found", "There is no document with this id. GET /admin/documents lists them.");
const iso = (ms: number): string => new Date(ms).toISOString();

export function mountAdmin(app: Hono<RestEnvironment>, services: AppServices): void {
  app.get("/admin/stats", async (c) => {
    await authorise("admin.stats", c.get("principal"));
    return c.json(await services.statistics());
  });
  app.post("/admin/breaker/reset", async (c) => {
    await authorise("breaker.reset", c.get("principal"));
    return c.json({ state: services.resetBreaker() });
  });
  app.post("/admin/cache/clear", async (c) => {
    await authorise("cache.clear", c.get("principal"));
    return c.json({ cleared: await services.clearCache() });
  });
  app.get("/admin/documents", async (c) => {
    await authorise("documents.list", c.get("principal"));
    const documents = await services.documents.listDocuments();
    return c.json({ documents: documents.map(({ updatedAtMs, ...document }) => ({ ...document, updatedAt: iso(updatedAtMs) })) });
  });
  app.get("/admin/documents/:id", async (c) => {
    await authorise("documents.get", c.get("principal"));
    const document = await services.documents.getDocument(c.req.param("id"));
    if (document === undefined) throw noDocument();
    const { updatedAtMs, ...rest } = document;
    return c.json({ ...rest, updatedAt: iso(updatedAtMs) });
  });
  app.delete("/admin/documents/:id", async (c) => {
    await authorise("documents.delete", c.get("principal"));
    const receipt = await services.deleteDocument(c.req.param("id"));
    if (receipt === undefined) throw noDocument();
    return c.json(receipt);
  });
}
