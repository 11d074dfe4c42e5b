/** `/admin/api-keys`: keys are made, listed and revoked; the key itself is seen once. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import { type ApiKeyRecord, keyPrefix } from "../security/api-keys.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { isoTime } from "./iso-time.ts";
import { readJson } from "./read-body.ts";
import { apiKeyRequest } from "./schemas.ts";

const description = (record: ApiKeyRecord): Record<string, unknown> => ({
  id: record.id,
  name: record.name,
  prefix: keyPrefix(record.id),
  operations: record.operations,
  pathPrefixes: record.pathPrefixes ?? null,
  requestsPerMinute: record.requestsPerMinute ?? null,
  requestsPerDay: record.requestsPerDay ?? null,
  createdAt: isoTime(record.createdAtMs),
  expiresAt: isoTime(record.expiresAtMs),
  revokedAt: isoTime(record.revokedAtMs),
  lastUsedAt: isoTime(record.lastUsedAtMs),
});

export function mountApiKeys(app: Hono<RestEnvironment>, services: AppServices): void {
  app.post("/admin/api-keys", async (c) => {
    await authorise("apiKeys.create", c.get("principal"));
    const { expiresAt, name, operations, pathPrefixes, requestsPerMinute, requestsPerDay } = await readJson(c, apiKeyRequest, services.limits);
    const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt);
    const { key, record } = await services.apiKeys.create({ name, operations, pathPrefixes, requestsPerMinute, requestsPerDay, expiresAtMs });
    return c.json({ ...description(record), key }, 201, { "cache-control": "no-store" });
  });
  app.get("/admin/api-keys", async (c) => {
    await authorise("apiKeys.list", c.get("principal"));
    return c.json({ apiKeys: (await services.apiKeys.list()).map(description) });
  });
  app.delete("/admin/api-keys/:id", async (c) => {
    await authorise("apiKeys.revoke", c.get("principal"));
    const isKnown = await services.apiKeys.revoke(c.req.param("id"));
    if (!isKnown) throw new RagError("not_found", "There is no API key with this id. GET /admin/api-keys lists them.");
    return c.body(null, 204);
  });
}
