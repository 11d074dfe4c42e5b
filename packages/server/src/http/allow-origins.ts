/** Lets pages of other origins use the API from a browser. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { HttpEnvironment } from "./environment.ts";

/** How long a browser may remember the answer to its preflight, in seconds; no browser keeps it for longer than a day. */
const MAX_AGE_SECONDS = 86_400;

/** Credentials are headers that a page sets itself, never cookies, so a page that is not allowed has none to use. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<HttpEnvironment> {
  const allow = cors({
    origin: [...origins],
    allowMethods: ["GET", "POST", "DELETE"],
    exposeHeaders: ["x-request-id", "retry-after", "location"],
    maxAge: MAX_AGE_SECONDS,
  });
  // It makes a response before there is one, which costs the requests that come from no page more than all other middleware.
  return (c, next) => (c.req.header("origin") === undefined ? next() : allow(c, next));
}
