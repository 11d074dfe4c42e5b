/** One call of a language model behind its circuit and its rate limit. */
import type { ChatMessage, ChatModel, ChatStreamOptions } from "../ports.ts";
import type { CircuitBreaker } from "./breaker.ts";
import { isModelEvidence } from "./model-evidence.ts";

/** A model with what guards it. */
export interface GuardedModel {
  readonly chat: ChatModel;
  readonly breaker: CircuitBreaker;
  /**
   * Spends one call of the model's own rate limit, after its circuit has let the call through.
   *
   * @throws RagError `rate_limited` when there is none left.
   */
  readonly spend?: ((signal: AbortSignal) => void | Promise<void>) | undefined;
}

/**
 * Streams the model's text. Success and failure are told to the breaker; a client that left, or a reader that stopped early, tells it nothing.
 *
 * @throws RagError `llm_circuit_open` or `rate_limited`; the reason of the signal when it is aborted; whatever the model throws.
 */
export async function* streamGuarded(
  { chat, breaker, spend }: GuardedModel,
  messages: readonly ChatMessage[],
  options: ChatStreamOptions,
): AsyncGenerator<string, void, undefined> {
  const { signal } = options;
  const permit = breaker.enter();
  try {
    await spend?.(signal);
    for await (const piece of chat.stream(messages, options)) {
      signal.throwIfAborted();
      if (piece !== "") yield piece;
    }
    signal.throwIfAborted();
    permit.succeeded();
  } catch (error) {
    signal.throwIfAborted();
    if (isModelEvidence(error)) permit.failed();
    throw error;
  } finally {
    permit.toldNothing();
  }
}
