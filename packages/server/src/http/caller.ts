/** The caller of a procedure, out of an HTTP request. */
import type { Context } from "hono";
import type { Caller } from "../api/procedure.ts";
import type { HttpEnvironment } from "./environment.ts";
import { abortAtRequestEnd } from "./request-end.ts";

export interface RequestCaller extends Caller {
  /** The reader of a stream is gone: aborts `signal`. */
  leave(): void;
  /** Ends the connection, which a reader who takes nothing keeps open else. @returns false where there is none to be had, as at the edge. */
  cut(): boolean;
}

/** A class for its speed: a getter made anew for each object costs more than the rest of it. */
class HttpCaller implements RequestCaller {
  readonly principal;
  readonly requestId;
  readonly address;
  readonly onStage;
  readonly stopping;
  readonly #context: Context<HttpEnvironment>;
  #gone: AbortController | undefined;

  constructor(c: Context<HttpEnvironment>) {
    this.#context = c;
    this.principal = c.get("principal");
    this.requestId = c.get("requestId");
    this.address = c.get("sender").address;
    this.onStage = c.get("onStage");
    this.stopping = c.env.stopping;
  }

  get signal(): AbortSignal {
    return this.#end().signal;
  }

  leave(): void {
    this.#end().abort();
  }

  cut(): boolean {
    const { outgoing } = this.#context.env;
    outgoing?.destroy();
    return outgoing !== undefined;
  }

  /** Most calls end too soon to be aborted, and never ask. */
  #end(): AbortController {
    this.#gone ??= abortAtRequestEnd(this.#context);
    return this.#gone;
  }
}

export const callerOf = (c: Context<HttpEnvironment>): RequestCaller => new HttpCaller(c);
