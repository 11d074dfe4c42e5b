/** Which credential goes with a request: an API key, or a token that is fetched when it is needed, kept, and renewed before it expires. */
import { ApiError } from "../errors/api-error.ts";
import { BadResponseError } from "../errors/client-errors.ts";
import type { ClientSettings } from "../options.ts";
import { type Cancellation, createCancellation } from "./cancellation.ts";
import { readResult } from "./result.ts";
import { matches, number, object, string } from "./shape.ts";
import type { ApiRequest, SendOptions, Transport } from "./transport.ts";

/** A token that was got by logging in. */
interface Token {
  readonly text: string;
  /** Monotonic milliseconds from which on it is not used any more. */
  readonly staleAt: number;
}

/** A token is given up that long before it expires, so that none expires on its way; a short-lived one at four fifths of its life. */
const MARGIN_MS = 60_000;
const MARGIN_SHARE = 0.2;

/** What an API key is made for; with a token at hand as well, everything else goes by that. */
const OF_A_KEY = /^(?:chat|feedback|health|search|sessions)\b/;
/** Health must be told when nobody can log in. */
const WITHOUT_LOG_IN = "health";

const loginResult = object({ access_token: string, expires_in: number });

/**
 * Puts a credential on every request of a transport. A 401 for a token that was got by logging in is met with one more log-in and one
 * more attempt; calls at the same time share one log-in.
 */
export function withAuthentication(transport: Transport, settings: ClientSettings): Transport {
  const { apiKey, token: givenToken, credentials, time } = settings;
  const hasToken = givenToken !== undefined || credentials !== undefined;
  let current: Token | undefined;
  let pending: Promise<Token> | undefined;

  /** It belongs to no call in particular: one that gives up must not take the others' token away. */
  async function logIn(given: NonNullable<typeof credentials>): Promise<Token> {
    const cancellation = createCancellation({ time, timeoutMs: settings.timeoutMs });
    const body = JSON.stringify({ username: given.username, password: given.password });
    const request: ApiRequest = {
      operation: "auth.login",
      path: "/trpc/auth.login",
      body: () => ({ body }),
      headers: { accept: "application/json", "content-type": "application/json" },
      repetition: "harmless",
    };
    try {
      const call = { maxRetries: settings.maxRetries, headers: {}, firstByteTimeoutMs: Number.POSITIVE_INFINITY };
      const startedAt = time.monotonic();
      const accepted = await transport.send(request, call, cancellation);
      const result = await readResult(accepted, cancellation, settings.baseUrl);
      if (!matches(loginResult, result)) {
        throw new BadResponseError("The answer to the log-in has no token. Is baseUrl right?", {
          status: accepted.response.status,
          requestId: accepted.requestId,
        });
      }
      const lifetimeMs = result.expires_in * 1_000;
      return { text: result.access_token, staleAt: startedAt + lifetimeMs - Math.min(MARGIN_MS, lifetimeMs * MARGIN_SHARE) };
    } finally {
      cancellation.dispose();
    }
  }

  function renew(given: NonNullable<typeof credentials>): Promise<Token> {
    pending ??= logIn(given)
      .then((token) => {
        current = token;
        return token;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  }

  /** @param refused a token that the server has turned down. */
  async function tokenFor(request: ApiRequest, cancellation: Cancellation, refused?: string): Promise<string | undefined> {
    if (givenToken !== undefined) return givenToken;
    if (credentials === undefined) return undefined;
    if (current !== undefined && current.text !== refused && time.monotonic() < current.staleAt) return current.text;
    if (request.operation === WITHOUT_LOG_IN) return undefined;
    return (await cancellation.wait(renew(credentials))).text;
  }

  return {
    async send(request, call: SendOptions, cancellation) {
      if (apiKey !== undefined && (!hasToken || OF_A_KEY.test(request.operation))) {
        return await transport.send({ ...request, credential: { "x-api-key": apiKey } }, call, cancellation);
      }
      const sendWith = (token: string | undefined) =>
        transport.send(token === undefined ? request : { ...request, credential: { authorization: `Bearer ${token}` } }, call, cancellation);
      const token = await tokenFor(request, cancellation);
      try {
        return await sendWith(token);
      } catch (thrown) {
        const mayRenew = credentials !== undefined && givenToken === undefined && token !== undefined && request.isRepeatable !== false;
        if (!mayRenew || !(thrown instanceof ApiError) || thrown.status !== 401) throw thrown;
        return await sendWith(await tokenFor(request, cancellation, token));
      }
    },
  };
}
