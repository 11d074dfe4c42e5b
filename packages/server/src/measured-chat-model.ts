/** Measures the calls of a chat model. */
import type { ChatModel, Clock } from "@rag-personal/core";

/** Passes everything through and tells how long each call took, to its last token. A call that its client gave up tells nothing of the model. */
export function measureChatModel(
  model: ChatModel,
  { clock, record }: { clock: Pick<Clock, "monotonic">; record: (seconds: number, outcome: "success" | "error") => void },
): ChatModel {
  return {
    name: model.name,
    async *stream(messages, options) {
      const startedAt = clock.monotonic();
      const seconds = (): number => (clock.monotonic() - startedAt) / 1000;
      try {
        yield* model.stream(messages, options);
      } catch (error) {
        if (!options.signal.aborted) record(seconds(), "error");
        throw error;
      }
      record(seconds(), "success");
    },
  };
}
