/** Judgements of answers. */
import type { ResponsePromise } from "./http/response-promise.ts";
import { object, type Shape, string } from "./http/shape.ts";
import type { CallOptions } from "./options.ts";
import type { Calls } from "./trpc/calls.ts";

/** A judgement of one answer. */
export interface Feedback {
  readonly rating: "down" | "up";
  /** Of the answer. */
  readonly requestId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** At most 5,000 characters. */
  readonly comment?: string | undefined;
}

/** Options of a judgement. */
export interface FeedbackOptions extends CallOptions {
  /** A UUID: the same one twice counts once. Default: a new one for each call, the same for all its attempts. */
  readonly idempotencyKey?: string | undefined;
}

/** What was stored. */
export interface StoredFeedback {
  /** The idempotency key. */
  readonly id: string;
}

/**
 * Judges an answer. It is repeated after any failure that may pass, and counts once all the same.
 *
 * @throws what {@link Chat.ask} throws.
 *
 * @example
 * ```ts
 * const { requestId, sessionId } = await client.chat.ask("How long is the warranty?");
 * await client.feedback({ rating: "up", requestId, sessionId, comment: "Found at once." });
 * ```
 */
export type GiveFeedback = (feedback: Feedback, options?: FeedbackOptions) => ResponsePromise<StoredFeedback>;

const shape: Shape<StoredFeedback> = object({ id: string });

/** A random UUID, version 4. `crypto.randomUUID` is missing in pages that were not loaded over HTTPS. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // RFC 9562, section 5.4: version 4 and variant 10.
  const hex = [...bytes].map((byte, at) => (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, "0"));
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** @internal */
export const createFeedback =
  (calls: Calls): GiveFeedback =>
  ({ rating, requestId, sessionId, comment }, options = {}) => {
    const id = options.idempotencyKey ?? newId();
    return calls.call({ repetition: "harmless", shape }, options, (trpc, given) =>
      trpc.chat.feedback.mutate({ id, rating, requestId, sessionId, comment }, given),
    );
  };
