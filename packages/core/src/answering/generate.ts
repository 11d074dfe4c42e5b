/** Step 8: a call to the language model behind its budget and its breaker. */
import { RagError } from "../errors.ts";
import type { ChatMessage } from "../ports.ts";
import { streamGuarded } from "../resilience/guarded-stream.ts";
import type { AnswerModel } from "./services.ts";

/**
 * Streams the model's text.
 *
 * @param onWriter told which model writes, by one that stands for several.
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
  const { chat, breaker, budget, maxTokens } = model;
  try {
    yield* streamGuarded({ chat, breaker, reserve: budget.reserve }, messages, { signal, maxTokens, onWriter });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof RagError ? error : new RagError("llm_failed", "The language model failed to answer. Try again later.", { cause: error });
  }
}
