/** Measures the calls of a chat model, and counts those that never reached it. */
import { type AnswerModel, type ChatModel, type Clock, RagError } from "@rag-personal/core";

/** How a call of the model ended. */
export type ModelOutcome = "success" | "failed" | "timeout" | "rate_limited" | "circuit_open";

/** Who refused a call before it was made. */
export type ModelRefusal = "circuit_open" | "budget_spent";

/**
 * Passes everything through and tells how long each call took, to its last token. A call that its client gave up, or read too slowly, tells
 * nothing of the model.
 */
export function measureChatModel(
  model: ChatModel,
  { clock, record }: { clock: Pick<Clock, "monotonic">; record: (seconds: number, outcome: ModelOutcome) => void },
): ChatModel {
  return {
    name: model.name,
    async *stream(messages, options) {
      const startedAt = clock.monotonic();
      const seconds = (): number => (clock.monotonic() - startedAt) / 1000;
      try {
        yield* model.stream(messages, options);
      } catch (error) {
        const outcome = failureOf(error);
        if (!options.signal.aborted && outcome !== undefined) record(seconds(), outcome);
        throw error;
      }
      record(seconds(), "success");
    },
  };
}

function failureOf(error: unknown): ModelOutcome | undefined {
  switch (error instanceof RagError ? error.code : undefined) {
    case "llm_timeout":
      return "timeout";
    case "rate_limited":
      return "rate_limited";
    // Of one that stands for several: all of them are left alone.
    case "llm_circuit_open":
      return "circuit_open";
    case "request_timeout":
      return undefined;
    default:
      return "failed";
  }
}

/** The same guards, telling of each call that they refuse. */
export function measureGuards(
  { breaker, budget }: Pick<AnswerModel, "breaker" | "budget">,
  record: (by: ModelRefusal) => void,
): Pick<AnswerModel, "breaker" | "budget"> {
  return {
    breaker: {
      ...breaker,
      enter() {
        try {
          return breaker.enter();
        } catch (error) {
          record("circuit_open");
          throw error;
        }
      },
    },
    budget: {
      ...budget,
      async reserve(tokens, signal) {
        try {
          return await budget.reserve(tokens, signal);
        } catch (error) {
          if (error instanceof RagError && error.code === "rate_limited") record("budget_spent");
          throw error;
        }
      },
    },
  };
}
