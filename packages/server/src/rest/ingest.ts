/** `/ingest`: start reading the documents folder again, and follow it. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { eventStreamResponse } from "./event-stream.ts";

export function mountIngest(app: Hono<RestEnvironment>, services: AppServices): void {
  app.post("/ingest", async (c) => {
    await authorise("ingest.start", c.get("principal"));
    const job = await services.ingestion.start();
    return c.json(job, 202, { location: `/ingest/${job.id}` });
  });
  app.get("/ingest/:id", async (c) => {
    await authorise("ingest.read", c.get("principal"));
    const id = c.req.param("id");
    const job = await services.ingestion.get(id);
    if (job === undefined) throw new RagError("not_found", "There is no ingestion job with this id. Start one with POST /ingest.");
    if (!(c.req.header("accept") ?? "").includes("text/event-stream")) return c.json(job);
    const gone = new AbortController();
    return eventStreamResponse({
      events: services.ingestion.follow(id, AbortSignal.any([gone.signal, c.req.raw.signal])),
      headers: { "x-request-id": c.get("requestId") },
      onClose: () => gone.abort(),
      writeTimeoutMs: services.limits.streamWriteTimeoutMs,
      stopping: { signal: c.env.stopping, requestId: c.get("requestId") },
    });
  });
}
