/** The classes into which every failure of a language model's server falls: what clients read, and what only the log does. */
import { RagError, type StreamTimeout, type Timers, UpstreamStatusError } from "@rag-personal/core";
import { parseRetryAfter } from "./retry-after.ts";

/** Of the body of a refusal, kept for the log. */
const MAX_REFUSAL_CHARS = 2_048;
/** How long the body of a refusal may take: the status has already said what matters. */
const REFUSAL_BODY_MS = 500;

const FAILED = "The language model failed to answer. Try again later.";

/** `llm_failed`: an answer that is none. The detail reaches the log alone. */
export function brokenAnswer(detail: string, cause?: unknown): RagError {
  return new RagError("llm_failed", FAILED, { cause: new Error(detail, cause === undefined ? undefined : { cause }) });
}

/** `llm_timeout`, or `request_timeout` when it was the reader who was too slow. */
export function timedOut(which: StreamTimeout): RagError {
  if (which === "reader") return new RagError("request_timeout", "The answer was read too slowly, so the language model was no longer waited for.");
  return new RagError("llm_timeout", "The language model took too long. Try again later.", { cause: new Error(`${which} time-out`) });
}

/** What a server answered instead of a completion. */
export interface Refusal {
  readonly status: number;
  /** The header as it came. */
  readonly retryAfter: string | null;
  /** The beginning of the body. */
  readonly detail: string;
}

/**
 * `rate_limited` or `llm_failed`, with the server's `Retry-After`.
 *
 * @param nowMs milliseconds since the epoch, for a `Retry-After` that is a date.
 */
export function refused({ status, retryAfter, detail }: Refusal, nowMs: number): RagError {
  const retryAfterSeconds = parseRetryAfter(retryAfter, nowMs);
  const options = { cause: new UpstreamStatusError(status, detail), ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  // 498 is Groq's "flex tier capacity exceeded": like 429, come back later.
  if (status === 429 || status === 498) return new RagError("rate_limited", "The language model's rate limit is reached. Try again later.", options);
  return new RagError("llm_failed", FAILED, options);
}

/** The beginning of the body of a refusal, as far as it comes soon; never throws. */
export async function readRefusalDetail({ body }: Response, timers: Timers): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const stop = () => reader.cancel().catch(() => undefined);
  const cancelTimer = timers.set(REFUSAL_BODY_MS, () => void stop());
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < MAX_REFUSAL_CHARS) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    text += "(the rest could not be read)";
  } finally {
    cancelTimer();
    await stop();
  }
  return text.slice(0, MAX_REFUSAL_CHARS);
}
