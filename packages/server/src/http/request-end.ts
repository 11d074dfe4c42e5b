/** The end of a request before its answer: the client has left, or the server cuts what is in flight. */
import type { Context } from "hono";
import type { HttpEnvironment } from "./environment.ts";

/** No `Error`, so that nobody makes an answer of it: there is no one left to read one. */
const LEFT = "the client has left";

/**
 * A controller of this request alone, aborted when its client leaves or the server cuts it.
 *
 * It listens to Node's own response where there is one: to ask the web request for its signal makes `@hono/node-server` build a whole
 * `Request`, which costs more than all middleware together.
 */
export function abortAtRequestEnd(c: Context<HttpEnvironment>): AbortController {
  return abortAtEnd(c, c.env.stopping);
}

/** A signal of this request alone, aborted when its client leaves: for whoever has a last word for it when the server stops. */
export function signalOfLeaving(c: Context<HttpEnvironment>): AbortSignal {
  return abortAtEnd(c, undefined).signal;
}

function abortAtEnd(c: Context<HttpEnvironment>, stopping: AbortSignal | undefined): AbortController {
  const controller = new AbortController();
  const { outgoing } = c.env;
  const follow = (signal: AbortSignal, reason?: string): (() => void) => {
    const abort = (): void => controller.abort(reason ?? signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  };
  const unfollow = stopping && follow(stopping);
  if (outgoing === undefined) {
    follow(c.req.raw.signal, LEFT);
    return controller;
  }
  const onClose = (): void => {
    unfollow?.();
    if (!outgoing.writableFinished) controller.abort(LEFT);
  };
  if (outgoing.closed) onClose();
  else outgoing.once("close", onClose);
  return controller;
}
