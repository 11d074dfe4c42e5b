/** Errors as RFC 9457 problem documents. */
import { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import * as z from "zod";
import { schemaNames } from "../api/schema-names.ts";
import type { HttpEnvironment } from "./environment.ts";

/** A problem document, as it goes over the wire. */
export const problem = z
  .object({
    type: z.string().describe("`urn:rag-personal:error:` and the code."),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("For people: what is wrong, and what to do."),
    code: z.string().describe("For programs: never renamed. New ones may be added."),
    requestId: z.string().describe("As in the header `X-Request-ID`; the log has it."),
    issues: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("Which fields of the request are wrong, and how; up to 20."),
    retryAfterSeconds: z.int().min(0).optional().describe("As in the header `Retry-After`, which an event of a stream cannot have."),
  })
  .describe("What went wrong (RFC 9457).")
  .register(schemaNames, { name: "Problem" });

type Problem = z.output<typeof problem>;

const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");

/** Anything thrown, as a typed error; what is not ours becomes `internal` and keeps its message to itself. */
export function toRagError(thrown: unknown): RagError {
  return thrown instanceof RagError
    ? thrown
    : new RagError("internal", "Something went wrong on the server. The log has it under this request id.", { cause: thrown });
}

export function toProblem(error: RagError, requestId: string): Problem {
  return {
    type: `urn:rag-personal:error:${error.code}`,
    title: titleOf(error.code),
    status: error.status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.issues === undefined ? {} : { issues: [...error.issues] }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  };
}

/** The response for anything thrown in a route. */
export function problemResponse(c: Context<HttpEnvironment>, thrown: unknown, extraHeaders: Readonly<Record<string, string>> = {}): Response {
  const error = toRagError(thrown);
  const requestId = c.get("requestId");
  const headers: Record<string, string> = {
    ...extraHeaders,
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
  };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  // The rest of a body that was not wanted would be taken for the next request: this connection must not be used again.
  if (c.env.incoming?.complete === false) headers["connection"] = "close";
  if (error.code === "unauthenticated") headers["www-authenticate"] = 'Bearer realm="rag-personal"';
  return new Response(JSON.stringify(toProblem(error, requestId)), { status: error.status, headers });
}
