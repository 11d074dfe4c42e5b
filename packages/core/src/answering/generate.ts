/** Step 8: a call to the language model behind its budget and its breaker. */
import { RagError } from "../errors.ts";
import type { ChatMessage } from "../ports.ts";
import { isModelEvidence } from "../resilience/model-evidence.ts";
import type { AnswerModel } from "./services.ts";

/**
 * Streams the model's text.
 *
 * @param onWriter told which model writes, by one that stands for several.
 *
 * Success and failure are told to the breaker; a client that left, or a reader that stopped early, tells it nothing.
 *
 * @throws RagError `rate_limited`, `llm_circuit_open`, `llm_failed` or `llm_timeout`; the reason of `signal` when it is aborted.
 */
export async function* generateText(
  messages: readonly ChatMessage[],
  model: Pick<AnswerModel, "chat" | "breaker" | "budget" | "maxTokens">,
  signal: AbortSignal,
  onWriter?: (name: string) => void,
): AsyncGenerator<string, void, undefined> {
  signal.throwIfAborted();
  const permit = model.breaker.enter();
  try {
    // Spent only when the breaker lets the call through.
    await model.budget.spend(signal);
    for await (const piece of model.chat.stream(messages, { signal, maxTokens: model.maxTokens, onWriter })) {
      signal.throwIfAborted();
      if (piece !== "") yield piece;
    }
    signal.throwIfAborted();
    permit.succeeded();
  } catch (error) {
    signal.throwIfAborted();
    if (isModelEvidence(error)) permit.failed();
    throw error instanceof RagError ? error : new RagError("llm_failed", "The language model failed to answer. Try again later.", { cause: error });
  } finally {
    permit.toldNothing();
  }
}
