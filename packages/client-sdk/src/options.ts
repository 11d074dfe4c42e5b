/** What a client and a call can be given, with every default in one place. */
import { UsageError } from "./errors/client-errors.ts";
import type { AbortSignalLike, FetchLike } from "./http/fetch-like.ts";
import type { Hooks, RequestEvent, ResponseEvent } from "./http/hooks.ts";
import { systemTime, type Time } from "./time.ts";

/** Options of `createClient`. */
export interface ClientOptions {
  /** Address of the server, such as `http://127.0.0.1:8000`, as text or as a `URL`; a path is kept. No query, no credentials in it. */
  readonly baseUrl: string | { readonly href: string };
  /** Sent as `X-API-Key`. Default: none, for a proxy that adds it. */
  readonly apiKey?: string | undefined;
  /** An access token that somebody else renews, sent as `Authorization: Bearer`. Default: none. Not together with `credentials`. */
  readonly token?: string | undefined;
  /**
   * Logs in when that is first needed, again before the token expires, and once more when the server turns the token down. With an API
   * key as well, the key goes with `chat`, `search`, `sessions`, `feedback` and `health`, the token with everything else. `health` never logs in.
   */
  readonly credentials?: Credentials | undefined;
  /** Default: the runtime's own, looked up at each call. */
  readonly fetch?: FetchLike | undefined;
  /** Deadline of a whole call in milliseconds: attempts, waits between them, the body to its last byte. Default 90,000. */
  readonly timeoutMs?: number | undefined;
  /** Further attempts where they are safe. Default 2. */
  readonly maxRetries?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called before each attempt, with secrets redacted. What it throws ends the call with a UsageError. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Called when an attempt has a response, and when it has failed. What it throws ends the call with a UsageError. */
  readonly onResponse?: ((event: ResponseEvent) => void) | undefined;
  /** Shows the hooks the credentials among the headers. Default false. */
  readonly exposeCredentials?: boolean | undefined;
  /** For tests. Default: the runtime's clocks and timers. */
  readonly time?: Time | undefined;
  /** For tests: uniform in [0, 1), spreads the waits between attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** A user's name and password. They are sent to `/trpc/auth.login` alone, and appear in no error and no hook. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Options of one call; each replaces the client's. */
export interface CallOptions {
  /** Aborts the call, a wait between attempts included. */
  readonly signal?: AbortSignalLike | undefined;
  /** Deadline of the whole call, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly maxRetries?: number | undefined;
  /** Sent besides the client's; the same name replaces it. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of one call that answers bit by bit. */
export interface StreamOptions extends CallOptions {
  /** Milliseconds from sending, anew at each attempt, until the response begins. Default 30,000. */
  readonly firstByteTimeoutMs?: number | undefined;
  /** Milliseconds without a byte within the stream; the server sends a sign of life every 15 seconds. Default 45,000. */
  readonly idleTimeoutMs?: number | undefined;
}

const DEFAULTS = { timeoutMs: 90_000, maxRetries: 2, firstByteTimeoutMs: 30_000, idleTimeoutMs: 45_000 } as const;

/** {@link CallOptions}, checked and complete. */
export interface CallSettings {
  readonly signal: AbortSignalLike | undefined;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** {@link StreamOptions}, checked and complete. */
export interface StreamSettings extends CallSettings {
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** {@link ClientOptions}, checked and complete. */
export interface ClientSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly fetch: FetchLike;
  /** Whether that is the caller's. */
  readonly hasOwnFetch: boolean;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  /** Without the credentials; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly apiKey: string | undefined;
  readonly token: string | undefined;
  readonly credentials: Credentials | undefined;
  readonly hooks: Hooks;
  readonly time: Time;
  readonly random: () => number;
}

/** @throws UsageError unless it is a duration above zero; `Infinity` is one. */
function requireDuration(name: string, valueMs: number): number {
  if (valueMs > 0) return valueMs;
  throw new UsageError(`${name} must be a number of milliseconds above zero, not ${valueMs}.`);
}

/** @throws UsageError unless it is a whole number that is not negative. */
function requireCount(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new UsageError(`${name} must be a whole number of at least 0, not ${value}.`);
}

/** @throws UsageError that does not repeat the value, since it may be a secret. */
function requireHeaderValue(name: string, value: string | undefined): void {
  // Visible Latin-1, blanks and tabs: what RFC 9110 allows and every runtime's fetch takes.
  if (value !== undefined && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    throw new UsageError(`The value of the header ${name} has characters a header cannot carry.`);
}

/**
 * Names in lower case, values as they are.
 *
 * @throws UsageError for a name or value HTTP does not allow; the value is not repeated, since it may be a secret.
 */
function normaliseHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const normalised: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) throw new UsageError(`${JSON.stringify(name)} cannot be the name of a header.`);
    requireHeaderValue(name, value);
    normalised[name.toLowerCase()] = value;
  }
  return normalised;
}

function requireAddress(baseUrl: ClientOptions["baseUrl"]): string {
  const invalid = (why: string): UsageError => new UsageError(`baseUrl ${why}, for example http://127.0.0.1:8000.`);
  let url: URL;
  try {
    url = new URL(typeof baseUrl === "string" ? baseUrl : baseUrl.href);
  } catch {
    throw invalid("must be an absolute address");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw invalid("must begin with http:// or https://");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid("must be an address alone, without credentials, query or fragment");
  }
  return url.href.replace(/\/+$/, "");
}

/** @throws UsageError naming the option that cannot be. */
export function resolveClientOptions(options: ClientOptions): ClientSettings {
  const { apiKey, token, credentials } = options;
  if (token !== undefined && credentials !== undefined) throw new UsageError("Give a token or credentials, not both.");
  requireHeaderValue("X-API-Key", apiKey);
  requireHeaderValue("Authorization", token);
  return {
    baseUrl: requireAddress(options.baseUrl),
    // Looked up late, so that what instruments the global one is not passed by.
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    hasOwnFetch: options.fetch !== undefined,
    timeoutMs: requireDuration("timeoutMs", options.timeoutMs ?? DEFAULTS.timeoutMs),
    maxRetries: requireCount("maxRetries", options.maxRetries ?? DEFAULTS.maxRetries),
    headers: normaliseHeaders(options.headers ?? {}),
    apiKey,
    token,
    credentials,
    hooks: { onRequest: options.onRequest, onResponse: options.onResponse, exposeCredentials: options.exposeCredentials ?? false },
    time: options.time ?? systemTime,
    random: options.random ?? Math.random,
  };
}

/** @throws UsageError naming the option that cannot be. */
export function resolveCallOptions(options: CallOptions, settings: ClientSettings): CallSettings {
  return {
    signal: options.signal,
    timeoutMs: requireDuration("timeoutMs", options.timeoutMs ?? settings.timeoutMs),
    maxRetries: requireCount("maxRetries", options.maxRetries ?? settings.maxRetries),
    headers: normaliseHeaders(options.headers ?? {}),
  };
}

/** @throws UsageError naming the option that cannot be. */
export function resolveStreamOptions(options: StreamOptions, settings: ClientSettings): StreamSettings {
  return {
    ...resolveCallOptions(options, settings),
    firstByteTimeoutMs: requireDuration("firstByteTimeoutMs", options.firstByteTimeoutMs ?? DEFAULTS.firstByteTimeoutMs),
    idleTimeoutMs: requireDuration("idleTimeoutMs", options.idleTimeoutMs ?? DEFAULTS.idleTimeoutMs),
  };
}
