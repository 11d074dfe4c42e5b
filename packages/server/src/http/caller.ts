/** The caller of a procedure, out of an HTTP request. */
import type { Context } from "hono";
import type { Caller } from "../api/procedure.ts";
import type { HttpEnvironment } from "./environment.ts";
import { abortAtRequestEnd } from "./request-end.ts";

export interface RequestCaller extends Caller {
  /** The reader of a stream is gone: aborts `signal`. */
  leave(): void;
}

export function callerOf(c: Context<HttpEnvironment>): RequestCaller {
  let gone: AbortController | undefined;
  // Most calls end too soon to be aborted, and never ask.
  const end = (): AbortController => (gone ??= abortAtRequestEnd(c));
  return {
    principal: c.get("principal"),
    requestId: c.get("requestId"),
    address: c.get("sender").address,
    onStage: c.get("onStage"),
    stopping: c.env.stopping,
    get signal() {
      return end().signal;
    },
    leave: () => end().abort(),
  };
}
