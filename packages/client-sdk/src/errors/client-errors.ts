/** What goes wrong on this side of the connection. */
import { RagError, type RagErrorOptions } from "./rag-error.ts";

/** The connection could not be made, or broke before the whole answer was there. */
export class ConnectionError extends RagError<"connection_failed"> {
  static override readonly kind: string = "ConnectionError";
  /** False when the request certainly never left, so that repeating it cannot do anything twice. */
  readonly mayHaveBeenSent: boolean;

  constructor(message: string, options: RagErrorOptions & { readonly mayHaveBeenSent: boolean }) {
    super("connection_failed", message, options);
    this.mayHaveBeenSent = options.mayHaveBeenSent;
  }
}

/** Which limit was passed: the one of the whole call, until the first byte of a stream, or between two parts of it. */
export type TimeoutPhase = "deadline" | "first_byte" | "idle";

/** A time limit of the call was passed; the request was cancelled. */
export class TimeoutError extends RagError<"timed_out"> {
  static override readonly kind: string = "TimeoutError";
  readonly phase: TimeoutPhase;
  /** The limit, in milliseconds. */
  readonly limitMs: number;

  constructor(phase: TimeoutPhase, limitMs: number, options: RagErrorOptions = {}) {
    const what = { deadline: "The call was not finished", first_byte: "The stream did not begin", idle: "The stream went silent" }[phase];
    super("timed_out", `${what} within ${limitMs} ms and was cancelled.`, options);
    this.phase = phase;
    this.limitMs = limitMs;
  }
}

/** The caller gave up: by its signal (whose reason is the `cause`), by `abort()`, or by leaving the iteration. */
export class AbortError extends RagError<"aborted"> {
  static override readonly kind: string = "AbortError";

  constructor(message: string, options: RagErrorOptions = {}) {
    super("aborted", message, options);
  }
}

/** The stream ended before its `done` event. What arrived of an answer is not one: its citations were never given. */
export class IncompleteStreamError extends RagError<"incomplete_stream"> {
  static override readonly kind: string = "IncompleteStreamError";
  /** The text of the answer that had arrived; empty for a stream of another kind. */
  readonly partialText: string;

  constructor(partialText: string, options: RagErrorOptions = {}) {
    super("incomplete_stream", "The stream ended before its last event. What arrived is a part; call again for the whole.", options);
    this.partialText = partialText;
  }
}

/** Something answered that does not speak this protocol: a proxy's page, a captive portal, a wrong `baseUrl`. */
export class BadResponseError extends RagError<"bad_response"> {
  static override readonly kind: string = "BadResponseError";
  readonly status: number;

  constructor(message: string, options: RagErrorOptions & { readonly status: number }) {
    super("bad_response", message, options);
    this.status = options.status;
  }
}

/** The package was called in a way it does not allow: a setting that cannot be, a stream read twice. */
export class UsageError extends RagError<"invalid_usage"> {
  static override readonly kind: string = "UsageError";

  constructor(message: string, options: RagErrorOptions = {}) {
    super("invalid_usage", message, options);
  }
}
