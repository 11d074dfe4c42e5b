/** A {@link Reranker} that runs on this machine: a cross-encoder. */
import type { Reranker } from "@rag-personal/core";
import { type LocalModel, type LocalModelOptions, modelId, modelSetup } from "./local-model.ts";
import { openModelService } from "./model-service.ts";

/**
 * Loads a cross-encoder in a process of its own and resolves when it is ready.
 *
 * @throws Error when it cannot be loaded; the message says what to do.
 */
export async function openLocalReranker(options: LocalModelOptions): Promise<Reranker & LocalModel> {
  const service = await openModelService(modelSetup(options, "score"), options);
  return {
    id: modelId(options, service.facts.digest),
    async rerank(question, texts, { signal }) {
      const rows = await service.work({ question, texts, isUrgent: true, signal });
      return rows.flatMap(([relevance = Number.NaN]) => relevance);
    },
    status: service.status,
    close: service.close,
  };
}
