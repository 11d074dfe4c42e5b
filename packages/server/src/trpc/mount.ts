/** `/trpc`: the router over HTTP. */
import { RagError } from "@rag-personal/core";
import { type AnyTRPCProcedure, getTRPCErrorFromUnknown, type TRPCError } from "@trpc/server";
import { resolveResponse } from "@trpc/server/http";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Api } from "../api/api.ts";
import type { Procedure } from "../api/procedure.ts";
import { authenticate } from "../http/authenticate.ts";
import { callerOf } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { logError } from "../http/error-log.ts";
import { isForm } from "../http/file-reception.ts";
import { toRagError } from "../http/problem.ts";
import { type BodyLimits, parseJson, readText, requireDepth, strangersLimits } from "../http/read-body.ts";
import { endBody, setRefusalHeaders } from "../http/refusal.ts";
import { signalOfLeaving } from "../http/request-end.ts";
import type { AppServices } from "../services.ts";
import { ClientLeft } from "./client-left.ts";
import { errorShape, refusalOf } from "./error-shape.ts";
import { callAlone, servedBy, type TrpcContext } from "./procedures.ts";
import { createAppRouter } from "./router.ts";

const PREFIX = "/trpc/";
/** Calls in one request; each counts for itself against a key's budget. */
const MAX_BATCH_SIZE = 20;
/** The one procedure that takes a form. */
const UPLOAD = "documents.upload";
/** HEAD is answered without a body, whatever is asked. */
const METHODS: readonly string[] = ["GET", "HEAD", "POST"];
const HEADERS = { "content-type": "application/json", vary: "trpc-accept, accept" };

/**
 * A call on its own is answered here; batches and streams go to tRPC's own resolver. Both give the same bytes: the resolver, which
 * builds a web request, two abort controllers and a promise for each part of any batch there could be, takes several times as long.
 */
export function mountTrpc(app: Hono<HttpEnvironment>, api: Api, services: AppServices): void {
  const router = createAppRouter(api);
  const procedures = new Map(Object.entries<unknown>(router._def.procedures).filter(isProcedure));

  async function contextOf(c: Context<HttpEnvironment>): Promise<TrpcContext> {
    let refusal: RagError | undefined;
    try {
      c.set("principal", await authenticate(c, services.authenticator));
    } catch (thrown) {
      refusal = toRagError(thrown);
    }
    const caller = callerOf(c);
    return { caller, refusal, readTimeoutMs: services.limits.streamWriteTimeoutMs, cut: () => void caller.cut() };
  }

  /** To be asked when it is known who sends the body. */
  const limitsFor = (c: Context<HttpEnvironment>): BodyLimits =>
    c.get("principal").kind === "anonymous" ? strangersLimits(services.limits) : services.limits;

  function log(c: Context<HttpEnvironment>, error: TRPCError): RagError {
    const refusal = refusalOf(error);
    if (!(error.cause instanceof ClientLeft)) logError(services.log, c.get("requestId"), refusal);
    return refusal;
  }

  async function refuse(c: Context<HttpEnvironment>, error: TRPCError, path: string | undefined): Promise<Response> {
    // There is nobody left to read an answer.
    if (error.cause instanceof ClientLeft) callerOf(c).signal.throwIfAborted();
    const refusal = log(c, error);
    setRefusalHeaders(c, refusal);
    await endBody(c);
    return c.body(JSON.stringify({ error: errorShape(error, path, c.get("requestId")) }), refusal.status as ContentfulStatusCode, HEADERS);
  }

  async function answerCall(c: Context<HttpEnvironment>, path: string, served: Procedure): Promise<Response> {
    let leavePlace: (() => void) | undefined;
    try {
      const data = await callAlone(served, await contextOf(c), async () => {
        if (isForm(c)) {
          leavePlace = services.uploads.takePlace();
          return await services.fileReception.form(c, services.uploads.maxBytes);
        }
        const text = c.req.method === "GET" ? c.req.query("input") : await readText(c, limitsFor(c));
        return text === undefined || text === "" ? undefined : parseJson(text, services.limits);
      });
      return c.body(JSON.stringify({ result: { data } }), 200, HEADERS);
    } catch (thrown) {
      return await refuse(c, getTRPCErrorFromUnknown(thrown), path);
    } finally {
      leavePlace?.();
    }
  }

  async function resolve(c: Context<HttpEnvironment>, path: string): Promise<Response> {
    const { method, url } = c.req;
    const headers = c.req.header();
    const context = await contextOf(c);
    let body: string | null = null;
    try {
      const isMutation = procedures.get(path)?._def.type === "mutation";
      // A batch is refused call by call.
      if (!METHODS.includes(method) || (isMutation && method !== "POST" && c.req.query("batch") === undefined)) {
        c.header("allow", isMutation ? "POST" : "GET, POST");
        throw new RagError("method_not_allowed", `This address takes ${isMutation ? "POST" : "GET and POST"}, not ${method}.`);
      }
      if (method === "POST") body = (await readText(c, limitsFor(c))) || null;
      requireDepth(body ?? c.req.query("input") ?? "", services.limits);
    } catch (thrown) {
      return await refuse(c, getTRPCErrorFromUnknown(thrown), undefined);
    }
    /** Of the request as a whole, before any call of it. */
    let failure: TRPCError | undefined;
    let hasLeft = false;
    const response = await resolveResponse({
      router,
      path,
      req: new Request(url, { method, headers, body, signal: signalOfLeaving(c) }),
      error: null,
      createContext: async () => context,
      maxBatchSize: MAX_BATCH_SIZE,
      allowMethodOverride: true,
      onError({ error, type, ctx }) {
        if (ctx === undefined) failure = error;
        else {
          const refusal = log(c, error);
          // The head of a stream is on its way, with the status of success: to set a header now would take its body away.
          if (type === "subscription") return;
          hasLeft ||= error.cause instanceof ClientLeft;
          setRefusalHeaders(c, refusal);
        }
      },
    });
    if (hasLeft) context.caller.signal.throwIfAborted();
    if (failure !== undefined) return await refuse(c, failure, undefined);
    await endBody(c);
    // Whether the connection is kept is for the server to say: one that is stopping lets go of it after this answer.
    response.headers.delete("connection");
    for (const [name, value] of response.headers) c.header(name, value);
    return response.body === null ? c.body(null, 204) : c.body(response.body, response.status as ContentfulStatusCode);
  }

  app.all(`${PREFIX}*`, (c) => {
    const path = c.req.path.slice(PREFIX.length);
    const procedure = procedures.get(path);
    c.set("routeLabel", `${PREFIX}${procedure === undefined ? "*" : path}`);
    const served = procedure !== undefined && isPlainCall(c, path, procedure) ? servedBy(procedure) : undefined;
    return served === undefined ? resolve(c, path) : answerCall(c, path, served);
  });
}

/** By their dotted paths; what tRPC declares of them is how they were nested. */
const isProcedure = (entry: [string, unknown]): entry is [string, AnyTRPCProcedure] => typeof entry[1] === "function" && "_def" in entry[1];

/** Whether it is one call of a query or a mutation, by a method that it takes, with a body that can be one. */
function isPlainCall(c: Context<HttpEnvironment>, path: string, { _def: { type } }: AnyTRPCProcedure): boolean {
  if (type === "subscription" || c.req.query("batch") !== undefined) return false;
  if (c.req.header("trpc-accept") !== undefined || c.req.header("accept")?.includes("application/jsonl") === true) return false;
  if (c.req.method === "GET") return type === "query";
  if (path === UPLOAD && isForm(c)) return c.req.method === "POST";
  return c.req.method === "POST" && /^application\/json *(?:;|$)/i.test(c.req.header("content-type") ?? "");
}
