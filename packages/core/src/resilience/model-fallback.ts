/** Several language models in order of preference, behind the port of one. */
import { RagError } from "../errors.ts";
import type { ChatModel } from "../ports.ts";
import { type GuardedModel, streamGuarded } from "./guarded-stream.ts";
import { isModelEvidence } from "./model-evidence.ts";

/** One model of the list, with what guards it alone. */
export type FallbackCandidate = GuardedModel;

/** Options of {@link createFallbackChatModel}. */
export interface FallbackChatModelOptions {
  /** Most preferred first; at least one. */
  readonly models: readonly FallbackCandidate[];
  /** A model was passed over in favour of the next one; `error` says why. Must not throw. */
  readonly onFallback?: ((event: { readonly from: string; readonly to: string; readonly error: unknown }) => void) | undefined;
}

/** Another model may do better. A request that was refused as wrong, or a key, would only be hidden by asking elsewhere. */
function speaksForNext(error: unknown): boolean {
  return isModelEvidence(error) || (error instanceof RagError && (error.code === "llm_circuit_open" || error.code === "rate_limited"));
}

/**
 * The error of a call in which every model was passed over: the last that counts as evidence, so that whoever guards
 * the whole list learns of it, otherwise the last. It carries the soonest time at which any of the models may be back.
 */
function combine(errors: readonly unknown[]): unknown {
  const blamed = errors.findLast(isModelEvidence) ?? errors.at(-1);
  const waits = errors.flatMap((error) => (error instanceof RagError && error.retryAfterSeconds !== undefined ? [error.retryAfterSeconds] : []));
  const soonest = Math.min(...waits);
  if (!(blamed instanceof RagError) || waits.length === 0 || blamed.retryAfterSeconds === soonest) return blamed;
  return new RagError(blamed.code, blamed.message, { cause: blamed.cause, retryAfterSeconds: soonest });
}

/**
 * Creates a model that asks the first of its models, and the next one only when the one before gave no piece of text
 * and failed with evidence against it, or has its circuit open, or has reached its rate limit. Once a piece has been
 * given, no other model is asked: two halves by two writers are no answer.
 *
 * Its `name` lists all the models, since any of them may write; `onWriter` tells which one does. A caller waits for the deadlines of
 * each model that is asked, one after the other.
 *
 * @throws RangeError without a model.
 * @example
 * const chat = createFallbackChatModel({ models: [{ chat: large, breaker: largeBreaker }, { chat: small, breaker: smallBreaker }] });
 * for await (const piece of chat.stream(messages, { signal, maxTokens: 64, onWriter: (model) => console.log(model) })) console.log(piece);
 */
export function createFallbackChatModel({ models, onFallback }: FallbackChatModelOptions): ChatModel {
  if (models.length === 0) throw new RangeError("a fallback needs at least one model");
  return {
    name: models.map(({ chat }) => chat.name).join(" or "),
    async *stream(messages, { onWriter, ...options }) {
      const errors: unknown[] = [];
      for (const [position, candidate] of models.entries()) {
        let hasBegun = false;
        try {
          for await (const piece of streamGuarded(candidate, messages, options)) {
            if (!hasBegun) onWriter?.(candidate.chat.name);
            hasBegun = true;
            yield piece;
          }
          return;
        } catch (error) {
          options.signal.throwIfAborted();
          if (hasBegun || !speaksForNext(error)) throw error;
          errors.push(error);
          const next = models[position + 1];
          if (next !== undefined) onFallback?.({ from: candidate.chat.name, to: next.chat.name, error });
        }
      }
      throw combine(errors);
    },
  };
}
