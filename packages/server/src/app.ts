/** The Hono app: order of the middleware and the mounts, nothing else. */
import { RagError } from "@rag-personal/core";
import { Hono } from "hono";
import { matchedRoutes } from "hono/route";
import { mountAdmin } from "./rest/admin.ts";
import { mountApiKeys } from "./rest/api-keys.ts";
import { mountAuth } from "./rest/auth.ts";
import { mountChat } from "./rest/chat.ts";
import type { RestEnvironment } from "./rest/environment.ts";
import { mountFeedback } from "./rest/feedback.ts";
import { mountHealth } from "./rest/health.ts";
import { mountIndexAdministration } from "./rest/index-administration.ts";
import { mountIngest } from "./rest/ingest.ts";
import { problemResponse, toRagError } from "./rest/problem.ts";
import { discardBody } from "./rest/read-body.ts";
import { mountSearch } from "./rest/search.ts";
import { mountSessions } from "./rest/sessions.ts";
import { mountUsers } from "./rest/users.ts";
import type { AppServices } from "./services.ts";

const METHODS = ["GET", "POST", "DELETE"] as const;
/** Nobody sees this status; it stands in the log and in the metrics, as nginx has it. */
const CLIENT_LEFT = 499;
const REQUEST_ID = /^[\w.-]{1,64}$/;

export function createApp(services: AppServices): Hono<RestEnvironment> {
  const app = new Hono<RestEnvironment>();
  // These lines hold no field that could be a secret, so they are not searched for any.
  const requests = services.log.child({}, { redact: [] });

  app.use(async (c, next) => {
    const startedAt = services.monotonic();
    const given = c.req.header("x-request-id");
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : services.newId();
    c.set("requestId", requestId);
    c.set("principal", { kind: "anonymous" });
    // Set before the route runs: a header set afterwards makes Hono copy the whole response.
    c.header("x-request-id", requestId);
    c.header("x-content-type-options", "nosniff");
    const note = (status: number): void => {
      const route = matchedRoutes(c).findLast((match) => match.path !== "/*")?.path ?? "unmatched";
      const durationMs = services.monotonic() - startedAt;
      services.metrics.observe({ method: c.req.method, route, status, durationMs });
      requests.info({ requestId, method: c.req.method, route, status, durationMs: Math.round(durationMs * 10) / 10 }, "request");
    };
    try {
      await next();
    } catch (thrown) {
      // Every error has become a response: what still comes here is the reason with which a request ends whose client has left.
      note(CLIENT_LEFT);
      throw thrown;
    }
    note(c.res.status);
  });

  app.use(async (c, next) => {
    const principal = await services.authenticator.authenticate({
      apiKey: c.req.header("x-api-key"),
      authorization: c.req.header("authorization"),
    });
    c.set("principal", principal);
    await next();
  });

  mountHealth(app, services);
  mountAuth(app, services);
  mountChat(app, services);
  mountSearch(app, services);
  mountSessions(app, services);
  mountFeedback(app, services);
  mountIngest(app, services);
  mountAdmin(app, services);
  mountIndexAdministration(app, services);
  mountApiKeys(app, services);
  mountUsers(app, services);

  const middlewareCount = app.routes.filter(({ method }) => method === "ALL").length;
  app.notFound((c) => {
    const allowed = METHODS.filter((method) => app.router.match(method, c.req.path)[0].length > middlewareCount);
    if (allowed.length === 0) return problemResponse(c, new RagError("not_found", "There is no such route. The documentation lists them all."));
    const list = allowed.join(", ");
    return problemResponse(c, new RagError("method_not_allowed", `This route takes ${list}, not ${c.req.method}.`), { allow: list });
  });
  app.onError(async (thrown, c) => {
    const error = toRagError(thrown);
    if (c.env.incoming?.complete === false) await discardBody(c.req.raw);
    const log = services.log.child({ requestId: c.get("requestId") });
    if (error.code === "internal") log.error({ err: error.cause }, "unexpected error");
    else if (error.status >= 500) log.warn({ err: error.cause, code: error.code }, error.message);
    return problemResponse(c, error);
  });
  return app;
}
