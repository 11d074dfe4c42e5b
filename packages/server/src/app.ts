/** The Hono app: order of the middleware and the mounts, nothing else. */
import { RagError } from "@rag-personal/core";
import { Hono } from "hono";
import { matchedRoutes } from "hono/route";
import { createApi } from "./api/api.ts";
import { allowOrigins } from "./http/allow-origins.ts";
import { authenticate } from "./http/authenticate.ts";
import type { HttpEnvironment } from "./http/environment.ts";
import { logError } from "./http/error-log.ts";
import { problemResponse, toRagError } from "./http/problem.ts";
import { discardBody } from "./http/read-body.ts";
import { endTrace } from "./http/request-trace.ts";
import { mountMcp } from "./mcp/mount.ts";
import { mountOpenAi } from "./openai/mount.ts";
import { withReference } from "./rest/reference.ts";
import { METHODS } from "./rest/route.ts";
import { createRoutes } from "./rest/routes.ts";
import type { AppServices } from "./services.ts";
import { mountTrpc } from "./trpc/mount.ts";

/** Nobody sees this status; it stands in the log and in the metrics, as nginx has it. */
const CLIENT_LEFT = 499;
/** Routes that are asked again and again by whatever watches the server. */
const PROBED: ReadonlySet<string> = new Set(["/health", "/health/live", "/health/ready", "/metrics"]);
const REQUEST_ID = /^[\w.-]{1,64}$/;

export function createApp(services: AppServices): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  // These lines hold no field that could be a secret, so they are not searched for any.
  const requests = services.log.child({}, { redact: [] });

  app.use(async (c, next) => {
    const startedAt = services.monotonic();
    const given = c.req.header("x-request-id");
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : services.newId();
    c.set("requestId", requestId);
    c.set("principal", { kind: "anonymous" });
    const sender = services.identifySender(c.env.incoming?.socket.remoteAddress, (name) => c.req.header(name));
    c.set("sender", sender);
    const trace = services.tracing?.begin({ requestId, traceparent: c.req.header("traceparent") });
    if (trace !== undefined) c.set("onStage", trace.onStage);
    // Set before the route runs: a header set afterwards makes Hono copy the whole response.
    c.header("x-request-id", requestId);
    c.header("x-content-type-options", "nosniff");
    // What is answered depends on a key in a header that no cache knows of. What may be kept says so itself.
    c.header("cache-control", "no-store");
    const note = (status: number): void => {
      const route = c.get("routeLabel") ?? matchedRoutes(c).findLast((match) => match.path !== "/*")?.path ?? "unmatched";
      const durationMs = services.monotonic() - startedAt;
      services.metrics.observe({ method: c.req.method, route, status, durationMs });
      if (trace !== undefined) endTrace(c, trace, { method: c.req.method, route, status });
      const { address } = sender;
      // Whoever asks every second whether the server is well would fill the log with that it is.
      const level = status < 400 && PROBED.has(route) ? "debug" : "info";
      requests[level]({ requestId, address, method: c.req.method, route, status, durationMs: Math.round(durationMs * 10) / 10 }, "request");
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

  if (services.allowedOrigins.length > 0) app.use(allowOrigins(services.allowedOrigins));

  const api = createApi(services);
  // Before the authentication below: each tells who asks, and what is wrong with that, in its own way.
  mountTrpc(app, api, services);
  mountOpenAi(app, api, services);
  mountMcp(app, api, services);

  app.use(async (c, next) => {
    c.set("principal", await authenticate(c, services.authenticator));
    await next();
  });

  const routes = createRoutes(api, services);
  const all = services.referenceViewer === undefined ? routes : withReference(routes, services.referenceViewer);
  for (const { method, path, handle } of all) app.on(method, path, handle);

  // What other transports are mounted at matches their own paths alone.
  const middlewareCount = app.routes.filter(({ method, path }) => method === "ALL" && path === "/*").length;
  app.notFound((c) => {
    const allowed = METHODS.filter((method) => app.router.match(method, c.req.path)[0].length > middlewareCount);
    if (allowed.length === 0) return problemResponse(c, new RagError("not_found", "There is no such route. The documentation lists them all."));
    const list = allowed.join(", ");
    return problemResponse(c, new RagError("method_not_allowed", `This route takes ${list}, not ${c.req.method}.`), { allow: list });
  });
  app.onError(async (thrown, c) => {
    const error = toRagError(thrown);
    if (c.env.incoming?.complete === false) await discardBody(c.req.raw);
    logError(services.log, c.get("requestId"), error);
    return problemResponse(c, error);
  });
  return app;
}
