/** `POST /search`: retrieval alone, best first. */
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { readJson } from "./read-body.ts";
import { searchRequest } from "./schemas.ts";

export function mountSearch(app: Hono<RestEnvironment>, services: AppServices): void {
  const schema = searchRequest(services.limits.maxQuestionChars);
  app.post("/search", async (c) => {
    await authorise("search.run", c.get("principal"));
    const { query, limit, filters, explain } = await readJson(c, schema, services.limits);
    const found = await services.search(c.get("principal"), query, { limit, filters, explain, signal: c.req.raw.signal });
    const hits = found.hits.map(({ chunk, score, explanation }) => ({
      documentId: chunk.documentId,
      chunkId: chunk.id,
      path: chunk.path,
      title: chunk.title,
      headingPath: chunk.headingPath,
      start: chunk.start,
      end: chunk.end,
      text: chunk.text,
      score,
      ...(explanation === undefined ? {} : { explanation: explanation.signals }),
    }));
    return c.json({ hits, degraded: found.degraded });
  });
}
