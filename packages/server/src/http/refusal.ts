/** What every refusal over HTTP has in common, whatever shape the transport gives it. */
import type { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import type { Log } from "../log.ts";
import type { HttpEnvironment } from "./environment.ts";
import { logError } from "./error-log.ts";
import { toRagError } from "./problem.ts";
import { discardBody } from "./read-body.ts";

/** Logs what was thrown, sets the headers of its response, and ends the body that was not wanted. */
export async function prepareRefusal(c: Context<HttpEnvironment>, thrown: unknown, log: Log): Promise<RagError> {
  const error = toRagError(thrown);
  logError(log, c.get("requestId"), error);
  setRefusalHeaders(c, error);
  await endBody(c);
  return error;
}

export function setRefusalHeaders(c: Context<HttpEnvironment>, { code, retryAfterSeconds }: RagError): void {
  if (retryAfterSeconds !== undefined) c.header("retry-after", String(retryAfterSeconds));
  if (code === "unauthenticated") c.header("www-authenticate", 'Bearer realm="rag-personal"');
}

/** The rest of a body that was refused would be taken for the next request: after a short one the connection goes on, else it ends. */
export async function endBody(c: Context<HttpEnvironment>): Promise<void> {
  if (c.env.incoming?.complete !== false) return;
  await discardBody(c.req.raw);
  if (!c.env.incoming.complete) c.header("connection", "close");
}
