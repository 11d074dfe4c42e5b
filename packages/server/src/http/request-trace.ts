/** The end of a traced request: when its answer has gone out, which for a stream is long after its head. */
import type { Context } from "hono";
import type { RequestTrace } from "../tracing/tracing.ts";
import type { HttpEnvironment } from "./environment.ts";

export function endTrace(c: Context<HttpEnvironment>, trace: RequestTrace, result: Parameters<RequestTrace["end"]>[0]): void {
  const { outgoing } = c.env;
  if (outgoing === undefined || outgoing.closed) trace.end(result);
  else outgoing.once("close", () => trace.end(result));
}
