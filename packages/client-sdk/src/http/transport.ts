/** Sends one request, again where that is safe, and hands back a response that says yes. */
import type { ApiError } from "../errors/api-error.ts";
import { BadResponseError, type ConnectionError } from "../errors/client-errors.ts";
import type { ClientSettings } from "../options.ts";
import type { Cancellation } from "./cancellation.ts";
import { toConnectionError } from "./connection.ts";
import type { AbortSignalLike, FetchInit, FetchResponse } from "./fetch-like.ts";
import { asProblem, toApiError } from "./problem.ts";
import { discardBody, hasMediaType, parseJson, readText } from "./response-body.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { type Repetition, retryDelayMs } from "./retry-policy.ts";

/** A problem document is small, and an error must not be late because its body is. */
const MAX_PROBLEM_BYTES = 65_536;
const PROBLEM_TIMEOUT_MS = 5_000;

/** One call of the API. */
export interface ApiRequest {
  readonly method: "DELETE" | "GET" | "POST";
  /** Below the base address, with its leading slash. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept: "application/json" | "text/event-stream";
  readonly repetition: Repetition;
}

/** What holds for this call. */
interface SendOptions {
  readonly maxRetries: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds until the headers of an attempt's response; `Infinity` leaves it to the deadline. */
  readonly firstByteTimeoutMs: number;
}

/** A response with status 200. */
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
  const { time, random, baseUrl } = settings;

  /** Every name in lower case, so that the later of two spellings replaces the earlier instead of joining it. */
  function initOf(request: ApiRequest, call: SendOptions, signal: AbortSignalLike): FetchInit {
    const headers = { ...settings.headers, ...call.headers, accept: request.accept };
    const common = { method: request.method, signal, redirect: "manual" } as const;
    if (request.body === undefined) return { ...common, headers };
    return { ...common, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(request.body) };
  }

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

  async function attempt(request: ApiRequest, call: SendOptions, cancellation: Cancellation): Promise<Accepted | ApiError | ConnectionError> {
    let response: FetchResponse;
    try {
      const sent = settings.fetch(baseUrl + request.path, initOf(request, call, cancellation.signal));
      response = await cancellation.waitWithin(call.firstByteTimeoutMs, "first_byte", sent);
    } catch (thrown) {
      if (cancellation.reason !== undefined) throw cancellation.reason;
      return toConnectionError(thrown, baseUrl);
    }
    const { status } = response;
    if (status >= 400) return refusal(response, cancellation);
    const requestId = requestIdOf(response);
    if (status === 200) return { response, requestId };
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
        const result = await attempt(request, call, cancellation);
        if ("response" in result) return result;
        const delayMs = retryDelayMs(result, { repetition: request.repetition, attempt: made, maxRetries: call.maxRetries, random });
        // Waiting past the deadline would only turn an error that says why into one that does not.
        if (delayMs === undefined || delayMs >= cancellation.remainingMs()) throw result;
        await cancellation.sleep(delayMs);
      }
    },
  };
}
