/** One REST route: a procedure, where its input comes from, and the status of its result. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type * as z from "zod";
import type { Immutable, Procedure } from "../api/procedure.ts";
import { callerOf } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { type BodyLimits, readForm, readJson, validate } from "../http/read-body.ts";
import { authorise, type Operation } from "../policy.ts";

export const METHODS = ["GET", "POST", "DELETE"] as const;

/** Where the input of a route comes from. */
export type InputPlace = "json" | "form" | "query" | "path" | "nowhere";

export interface Route {
  readonly method: (typeof METHODS)[number];
  /** As Hono writes it: `/sessions/:id`. */
  readonly path: string;
  readonly operation: Operation;
  readonly takes: InputPlace;
  readonly input: z.ZodType;
  /** Of a success. */
  readonly status: ContentfulStatusCode | 204;
  /** What a success gives as JSON; undefined for one without a body or with a body of another type. */
  readonly output: z.ZodType | undefined;
  /** What a success gives as server-sent events, where the caller may ask for them: one event with its name and its data. */
  readonly event: z.ZodType | undefined;
  handle(c: Context<HttpEnvironment>): Promise<Response>;
}

export interface RouteOptions<Output> {
  /** Default: `path` where the path has a parameter, else `nowhere`. */
  readonly takes?: InputPlace;
  /** Default: 204 without a result, else 200. */
  readonly status?: ContentfulStatusCode;
  /** Needed where the route takes a body. */
  readonly limits?: BodyLimits;
  /** Headers of a success. */
  readonly headers?: (output: Output) => Readonly<Record<string, string>>;
}

/** @example route("GET", "/sessions/:id", api.sessions.get) */
export function route<Input extends z.ZodType, Output extends z.ZodType>(
  method: Route["method"],
  path: string,
  { operation, input, output, run }: Procedure<Input, Output>,
  { takes = path.includes(":") ? "path" : "nowhere", limits, headers, ...options }: RouteOptions<Immutable<z.output<Output>>> = {},
): Route {
  const isVoid = output.def.type === "void";
  const status = options.status ?? 200;
  return {
    method,
    path,
    operation,
    takes,
    input,
    status: isVoid ? 204 : status,
    output: isVoid ? undefined : output,
    event: undefined,
    async handle(c) {
      const caller = callerOf(c);
      await authorise(operation, caller.principal);
      const result = await run(await readInput(c, takes, input, limits), caller);
      const more = headers?.(result) ?? {};
      if (isVoid) return c.body(null, 204, more);
      return c.body(JSON.stringify(result), status, { "content-type": "application/json", ...more });
    },
  };
}

/** @throws RagError for what does not satisfy the schema. */
export async function readInput<Input extends z.ZodType>(
  c: Context<HttpEnvironment>,
  takes: InputPlace,
  schema: Input,
  limits: BodyLimits | undefined,
): Promise<z.output<Input>> {
  switch (takes) {
    case "json":
      return await readJson(c, schema, requireLimits(limits));
    case "form":
      return await readForm(c, schema, requireLimits(limits));
    case "query":
      return validate(schema, c.req.query());
    case "path":
      return validate(schema, c.req.param());
    case "nowhere":
      return validate(schema, undefined);
  }
}

function requireLimits(limits: BodyLimits | undefined): BodyLimits {
  if (limits === undefined) throw new Error("a route that takes a body needs limits");
  return limits;
}
