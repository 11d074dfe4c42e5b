/** `/mcp`: the Model Context Protocol over streamable HTTP. Nothing is kept between two requests, so any server of several can answer each. */
import { RagError } from "@rag-personal/core";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Api } from "../api/api.ts";
import { authenticate } from "../http/authenticate.ts";
import { bodyInTime } from "../http/body-in-time.ts";
import { callerOf } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { readJsonValue } from "../http/read-body.ts";
import { prepareRefusal } from "../http/refusal.ts";
import { signalOfLeaving } from "../http/request-end.ts";
import type { AppServices } from "../services.ts";
import { errorData, requestErrorCode } from "./error-shape.ts";
import type { McpHandler } from "./handler.ts";

const PATH = "/mcp";
/** Messages in one request, which the protocol of March 2025 allows; each counts for itself against a key's budget. */
const MAX_BATCH_SIZE = 20;

export function mountMcp(app: Hono<HttpEnvironment>, api: Api, services: AppServices): void {
  let loading: Promise<McpHandler> | undefined;
  // The SDK takes 34 MB and a tenth of a second to load, which servers that nobody asks by this protocol need not spend.
  const load = (): Promise<McpHandler> => (loading ??= import("./handler.ts").then(({ createHandler }) => createHandler(api, services.log)));

  async function serve(c: Context<HttpEnvironment>): Promise<Response> {
    requireKnownOrigin(c.req.header("origin"), services.allowedOrigins);
    c.set("principal", await authenticate(c, services.authenticator));
    const caller = callerOf(c);
    if (caller.principal.kind === "anonymous") {
      throw new RagError("unauthenticated", "This needs an API key. Send it as Authorization: Bearer or in the X-API-Key header.");
    }
    if (c.req.method !== "POST") {
      c.header("allow", "POST");
      throw new RagError("method_not_allowed", `This address takes POST, not ${c.req.method}: there are no sessions, and nothing is sent by itself.`);
    }
    const body = await readJsonValue(c, services.limits);
    if (Array.isArray(body) && body.length > MAX_BATCH_SIZE) {
      throw new RagError("invalid_request", `A batch holds at most ${MAX_BATCH_SIZE} messages.`);
    }
    const request = new Request(c.req.url, { method: "POST", headers: c.req.header(), signal: signalOfLeaving(c) });
    const response = await (await load())(request, body, caller);
    // Whether the connection is kept is for the server to say: one that is stopping lets go of it after this answer.
    response.headers.delete("connection");
    for (const [name, value] of response.headers) c.header(name, value);
    const { status } = response;
    if (response.body === null) return c.body(null, status as ContentfulStatusCode);
    return c.body(bodyInTime(response.body, caller, services.limits.streamWriteTimeoutMs), status as ContentfulStatusCode);
  }

  async function refuse(c: Context<HttpEnvironment>, thrown: unknown): Promise<Response> {
    const error = await prepareRefusal(c, thrown, services.log);
    const told = { code: requestErrorCode(error.code), message: error.message, data: errorData(error, c.get("requestId")) };
    const body = JSON.stringify({ jsonrpc: "2.0", error: told, id: null });
    return c.body(body, error.status as ContentfulStatusCode, { "content-type": "application/json" });
  }

  const answer = async (c: Context<HttpEnvironment>): Promise<Response> => {
    try {
      return await serve(c);
    } catch (thrown) {
      // There is nobody left to read an answer.
      if (!(thrown instanceof Error)) throw thrown;
      return await refuse(c, thrown);
    }
  };
  app.post(PATH, answer);
  app.all(PATH, answer);
}

/**
 * A page that a browser shows says where it comes from. One that gave its own name the address of this machine would say that name, and so
 * is refused, like every page that was not let in; programs that are no browser say nothing.
 *
 * @throws RagError `forbidden`
 */
function requireKnownOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes(origin)) return;
  throw new RagError("forbidden", "Pages of this origin may not use the server. CORS_ORIGINS lets them in.");
}
