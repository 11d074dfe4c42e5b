/** Which failures may be met with another attempt, and after how long. */
import type { ApiError } from "../errors/api-error.ts";
import type { ConnectionError } from "../errors/client-errors.ts";

/**
 * What another attempt would mean.
 *
 * - `harmless`: doing it twice is doing it once (reads). Any failure that may pass is retried.
 * - `once`: each success counts (a question adds a turn to a session and may cost money). Only what certainly was not
 *   done is retried: the connection was never made, the server said 429, or it said 503 together with Retry-After.
 *   A 503 without it, a 502 or 504, or a connection that broke may all come after the work was done.
 */
export type Repetition = "harmless" | "once";

/** A wait the server asks for beyond this is the caller's to decide. */
const LONGEST_RETRY_AFTER_SECONDS = 30;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;

function mayRepeat(error: ApiError | ConnectionError, repetition: Repetition): boolean {
  if ("mayHaveBeenSent" in error) return repetition === "harmless" || !error.mayHaveBeenSent;
  if (repetition === "harmless") return error.retryable;
  return error.status === 429 || (error.status === 503 && error.retryAfterSeconds !== undefined);
}

/**
 * Exponential back-off with full jitter; on top of Retry-After where the server gave one, so that the clients it
 * turned away do not all come back in the same moment.
 *
 * @param attempt 0 for the first failure.
 * @param random uniform in [0, 1).
 * @returns milliseconds to wait before the next attempt; undefined when there must not be one.
 */
export function retryDelayMs(
  error: ApiError | ConnectionError,
  { repetition, attempt, maxRetries, random }: { repetition: Repetition; attempt: number; maxRetries: number; random: () => number },
): number | undefined {
  if (attempt >= maxRetries || !mayRepeat(error, repetition)) return undefined;
  const askedSeconds = "retryAfterSeconds" in error ? (error.retryAfterSeconds ?? 0) : 0;
  if (askedSeconds > LONGEST_RETRY_AFTER_SECONDS) return undefined;
  return askedSeconds * 1_000 + backOffMs(attempt, random);
}

/** Exponential, with full jitter. @param attempt 0 for the first failure. */
export const backOffMs = (attempt: number, random: () => number): number => random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
