/** One call of a language model behind its rate limit and its circuit. */
import type { ChatMessage, ChatModel, ChatStreamOptions } from "../ports.ts";
import type { BreakerPermit, CircuitBreaker } from "./breaker.ts";
import type { CallReservation } from "./call-budget.ts";
import { isModelEvidence } from "./model-evidence.ts";
import { estimateTokens } from "./token-estimate.ts";

/** A model with what guards it. */
export interface GuardedModel {
  readonly chat: ChatModel;
  readonly breaker: CircuitBreaker;
  /**
   * Reserves one call and its tokens from the model's own rate limit, which may take a while.
   *
   * @throws RagError `rate_limited` when it cannot be had.
   */
  readonly reserve?: ((tokens: number, signal: AbortSignal) => Promise<CallReservation>) | undefined;
}

/**
 * Streams the model's text. Success and failure are told to the breaker; a client that left, or a reader that stopped early, tells it nothing.
 *
 * Whoever waits for the rate limit holds no probe of the circuit, and a call that the circuit does not let through costs nothing.
 *
 * @throws RagError `llm_circuit_open` or `rate_limited`; the reason of the signal when it is aborted; whatever the model throws.
 */
export async function* streamGuarded(
  { chat, breaker, reserve }: GuardedModel,
  messages: readonly ChatMessage[],
  options: ChatStreamOptions,
): AsyncGenerator<string, void, undefined> {
  const { signal } = options;
  // Refused now rather than after a wait.
  breaker.enter().toldNothing();
  const reservation = await reserve?.(estimateTokens(messages, options.maxTokens), signal);
  const permit = enterOrCancel(breaker, reservation);
  const onUsage = (tokens: number): void => {
    reservation?.settle(tokens);
    options.onUsage?.(tokens);
  };
  try {
    for await (const piece of chat.stream(messages, { ...options, onUsage })) {
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

/** The circuit may have opened during the wait. */
function enterOrCancel(breaker: CircuitBreaker, reservation: CallReservation | undefined): BreakerPermit {
  try {
    return breaker.enter();
  } catch (error) {
    reservation?.cancel();
    throw error;
  }
}
