/** Sends one request, again where that is safe, and hands back a response that says yes. */
import type { ApiError } from "../errors/api-error.ts";
import { BadResponseError, type ConnectionError } from "../errors/client-errors.ts";
import type { ClientSettings } from "../options.ts";
import type { Cancellation } from "./cancellation.ts";
import { toConnectionError } from "./connection.ts";
import type { FetchInit, FetchLike, FetchResponse } from "./fetch-like.ts";
import { type RequestEvent, redactHeaders, tell } from "./hooks.ts";
import { asProblem, toApiError } from "./problem.ts";
import { discardBody, hasMediaType, parseJson, readText } from "./response-body.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { type Repetition, retryDelayMs } from "./retry-policy.ts";

/** An error is small, and must not be late because its body is. */
const MAX_PROBLEM_BYTES = 65_536;
const PROBLEM_TIMEOUT_MS = 5_000;

/** What is sent: the same at each attempt, or made anew for it. */
export type RequestBody = Pick<FetchInit, "body" | "duplex">;

/** One call of the API. */
export interface ApiRequest {
  /** What is called, such as `chat.ask`. */
  readonly operation: string;
  /** Below the base address, with its leading slash. */
  readonly path: string;
  readonly body: () => RequestBody;
  /** Of the body and of the answer that is wanted; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Set by the authentication; a header of that name given by the caller replaces it. */
  readonly credential?: Readonly<Record<string, string>>;
  readonly repetition: Repetition;
  /** False for a body that can be read once alone. Default true. */
  readonly isRepeatable?: boolean;
  /** Looks at a response that says yes for a no within: a stream tells by its first event what else a status does. */
  readonly inspect?: (accepted: Accepted) => Promise<ApiError | undefined>;
  /** Instead of the client's. */
  readonly fetch?: FetchLike | undefined;
}

/** What holds for this call. */
export interface SendOptions {
  readonly maxRetries: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds until the headers of an attempt's response; `Infinity` leaves it to the deadline. */
  readonly firstByteTimeoutMs: number;
}

/** A response that says yes. */
export interface Accepted {
  readonly response: FetchResponse;
  readonly requestId: string | undefined;
}

/** Sends requests to one server. */
export interface Transport {
  /**
   * @throws ApiError for an answer that says no, ConnectionError, BadResponseError for one that says neither,
   * TimeoutError and AbortError as the cancellation has it.
   */
  send(request: ApiRequest, call: SendOptions, cancellation: Cancellation): Promise<Accepted>;
}

const requestIdOf = (response: FetchResponse): string | undefined => response.headers.get("x-request-id") ?? undefined;

/** @param settings what all calls share. */
export function createTransport(settings: ClientSettings): Transport {
  const { time, random, baseUrl, hooks } = settings;

  async function refusal(response: FetchResponse, cancellation: Cancellation): Promise<ApiError> {
    const retryAfterSeconds = parseRetryAfter(response.headers.get("retry-after"), response.headers.get("date"), time.now());
    let body: string | undefined;
    if (hasMediaType(response, /[/+]json\b/i)) {
      try {
        body = await readText(response, cancellation, { maxBytes: MAX_PROBLEM_BYTES, limitMs: PROBLEM_TIMEOUT_MS });
      } catch (thrown) {
        // Without its body an error still has its status; that the call is over is another matter.
        if (cancellation.reason !== undefined) throw thrown;
      }
    } else discardBody(response);
    const problem = asProblem(parseJson(body ?? ""));
    return toApiError(problem, { status: response.status, requestId: requestIdOf(response), retryAfterSeconds });
  }

  /** The response, or why there is none; the hooks are told of both. */
  async function exchange(
    request: ApiRequest,
    call: SendOptions,
    made: number,
    cancellation: Cancellation,
  ): Promise<FetchResponse | ConnectionError> {
    // Every name in lower case, so that the later of two spellings replaces the earlier instead of joining it.
    const headers = { ...request.credential, ...settings.headers, ...call.headers, ...request.headers };
    const url = baseUrl + request.path;
    const event: RequestEvent = {
      operation: request.operation,
      method: "POST",
      url,
      attempt: made + 1,
      headers: hooks.exposeCredentials ? headers : redactHeaders(headers),
    };
    tell("onRequest", hooks.onRequest, event);
    const sentAt = time.monotonic();
    const note = (response?: FetchResponse, error?: ConnectionError): void =>
      tell("onResponse", hooks.onResponse, {
        ...event,
        status: response?.status,
        requestId: response && requestIdOf(response),
        durationMs: time.monotonic() - sentAt,
        error,
      });
    let response: FetchResponse;
    try {
      const sent = (request.fetch ?? settings.fetch)(url, {
        method: "POST",
        headers,
        ...request.body(),
        signal: cancellation.signal,
        redirect: "manual",
      });
      response = await cancellation.waitWithin(call.firstByteTimeoutMs, "first_byte", sent);
    } catch (thrown) {
      if (cancellation.reason !== undefined) {
        note();
        throw cancellation.reason;
      }
      const error = toConnectionError(thrown, baseUrl);
      note(undefined, error);
      return error;
    }
    note(response);
    return response;
  }

  async function attempt(
    request: ApiRequest,
    call: SendOptions,
    made: number,
    cancellation: Cancellation,
  ): Promise<Accepted | ApiError | ConnectionError> {
    const response = await exchange(request, call, made, cancellation);
    if ("code" in response) return response;
    const { status } = response;
    if (status >= 400) return refusal(response, cancellation);
    const requestId = requestIdOf(response);
    if (status === 200 || status === 202) {
      const accepted = { response, requestId };
      return (await request.inspect?.(accepted)) ?? accepted;
    }
    discardBody(response);
    // A browser shows a redirect it was told not to follow as status 0. Following would hand the key to another host.
    const isRedirect = status === 0 || (status >= 300 && status < 400);
    const message = isRedirect
      ? "The server redirects elsewhere. Give the final address as baseUrl: the key is not sent on to another one."
      : `The answer has status ${status}, which this API never gives. Is baseUrl right?`;
    throw new BadResponseError(message, { status, requestId });
  }

  return {
    async send(request, call, cancellation) {
      for (let made = 0; ; made += 1) {
        if (cancellation.reason !== undefined) throw cancellation.reason;
        const result = await attempt(request, call, made, cancellation);
        if ("response" in result) return result;
        const delayMs = retryDelayMs(result, { repetition: request.repetition, attempt: made, maxRetries: call.maxRetries, random });
        // Waiting past the deadline would only turn an error that says why into one that does not.
        if (delayMs === undefined || delayMs >= cancellation.remainingMs()) throw result;
        await cancellation.sleep(delayMs);
      }
    },
  };
}
