/** Every route of the REST API. */
import type { Api } from "../api/api.ts";
import { strangersLimits } from "../http/read-body.ts";
import type { AppServices } from "../services.ts";
import { chatRoute } from "./chat.ts";
import { ingestionRoute } from "./ingest.ts";
import { metricsRoute } from "./metrics.ts";
import { type Route, route } from "./route.ts";
import { snapshotRoute } from "./snapshot.ts";
import { uploadRoute } from "./upload.ts";

export function createRoutes(api: Api, services: AppServices): readonly Route[] {
  const { limits } = services;
  const credentials = strangersLimits(limits);
  return [
    route("GET", "/health", api.health.status),
    route("GET", "/health/live", api.health.live),
    route("GET", "/health/ready", api.health.ready),
    route("GET", "/health/detailed", api.health.detailed),
    metricsRoute(services),

    route("POST", "/auth/token", api.auth.login, { takes: "form", limits: credentials }),
    route("POST", "/auth/password", api.auth.changePassword, { takes: "json", limits: credentials }),

    chatRoute(api, services),
    route("POST", "/search", api.search.run, { takes: "json", limits }),
    route("GET", "/sessions", api.sessions.list, { takes: "query" }),
    route("GET", "/sessions/:id", api.sessions.get),
    route("DELETE", "/sessions/:id", api.sessions.delete),
    route("POST", "/feedback", api.feedback.write, { takes: "json", limits, status: 201 }),

    route("GET", "/documents", api.documents.list, { takes: "query" }),
    uploadRoute(api, services),
    route("GET", "/documents/:id", api.documents.get),
    route("DELETE", "/documents/:id", api.documents.delete),

    route("POST", "/ingest", api.ingestion.start, { status: 202, headers: ({ id }) => ({ location: `/ingest/${id}` }) }),
    route("GET", "/ingest", api.ingestion.list, { takes: "query" }),
    ingestionRoute(api, services),

    route("GET", "/admin/stats", api.administration.statistics),
    route("POST", "/admin/backup", api.administration.takeBackup, { takes: "query" }),
    route("POST", "/admin/breaker/reset", api.administration.resetBreaker),
    route("POST", "/admin/cache/clear", api.administration.clearCache),
    route("GET", "/admin/index", api.index.describe),
    route("POST", "/admin/index/reindex", api.index.reindex, { status: 202, headers: () => ({ location: "/admin/index" }) }),
    route("POST", "/admin/index/switch-back", api.index.switchBack),
    route("DELETE", "/admin/index/previous", api.index.dropPrevious),
    route("GET", "/admin/doctor", api.index.examine),
    route("POST", "/admin/doctor/repair", api.index.repair),
    snapshotRoute(services),
    route("POST", "/admin/api-keys", api.apiKeys.create, { takes: "json", limits, status: 201 }),
    route("GET", "/admin/api-keys", api.apiKeys.list),
    route("DELETE", "/admin/api-keys/:id", api.apiKeys.revoke),
    route("GET", "/admin/users", api.users.list),
    route("POST", "/admin/users", api.users.create, { takes: "json", limits, status: 201 }),
    route("POST", "/admin/users/:id/disable", api.users.disable),
  ];
}
