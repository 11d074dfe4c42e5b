/** What a user's hooks are told of each attempt: everything but secrets. */
import type { ConnectionError } from "../errors/client-errors.ts";
import { UsageError } from "../errors/client-errors.ts";

/** One attempt of a call, about to be sent. Bodies are not told: they hold questions, documents and passwords. */
export interface RequestEvent {
  /** What is called, such as `chat.ask`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** 1 for the first attempt of a call. */
  readonly attempt: number;
  /** Names in lower case. Credentials are replaced, unless `exposeCredentials` is set. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How an attempt ended: with a status, or with an error that left none. */
export interface ResponseEvent extends RequestEvent {
  /** Undefined when no response came; `error` then says why. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** From sending until the head of the response, in milliseconds. */
  readonly durationMs: number;
  /** Undefined when a response came, or when the call was cancelled. */
  readonly error: ConnectionError | undefined;
}

/** What a client is given to watch its requests with. */
export interface Hooks {
  readonly onRequest: ((event: RequestEvent) => void) | undefined;
  readonly onResponse: ((event: ResponseEvent) => void) | undefined;
  readonly exposeCredentials: boolean;
}

const SECRET = /auth|cookie|key|password|secret|token/;

/** Headers with the value of each that may be a secret replaced. */
export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, SECRET.test(name) ? "[redacted]" : value]));
}

/** @throws UsageError with what the hook threw as its cause: a hook that fails must not go unseen. */
export function tell<Event>(name: keyof Hooks, hook: ((event: Event) => void) | undefined, event: Event): void {
  try {
    hook?.(event);
  } catch (cause) {
    throw new UsageError(`The hook ${name} threw an error.`, { cause });
  }
}
