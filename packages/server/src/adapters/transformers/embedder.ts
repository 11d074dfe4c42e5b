/** An {@link Embedder} that runs on this machine. */
import type { Embedder } from "@rag-personal/core";
import { type LocalModel, type LocalModelOptions, modelId, modelSetup } from "./local-model.ts";
import { openModelService } from "./model-service.ts";

/** Options of {@link openLocalEmbedder}. */
export interface LocalEmbedderOptions extends LocalModelOptions {
  /** One vector from those of the tokens: their mean, or that of the first one. The model's card says which. */
  readonly pooling: "mean" | "cls";
  /** What the model was trained to find before a question, and before a passage; spaces count. */
  readonly queryPrefix: string;
  readonly passagePrefix: string;
}

/**
 * Loads an embedding model in a process of its own and resolves when it is ready.
 *
 * @throws Error when it cannot be loaded; the message says what to do.
 * @example
 * const embedder = await openLocalEmbedder({ source: parseModelSource("/models/e5-small"), precision: "fp32", pooling: "mean", queryPrefix: "query: ", … });
 */
export async function openLocalEmbedder(options: LocalEmbedderOptions): Promise<Embedder & LocalModel> {
  const { pooling, queryPrefix, passagePrefix } = options;
  const service = await openModelService(modelSetup(options, pooling), options);
  const prefixes = queryPrefix + passagePrefix === "" ? "" : ` ${JSON.stringify([queryPrefix, passagePrefix])}`;
  return {
    id: `${modelId(options, service.facts.digest)} ${pooling}${prefixes}`,
    dimensions: service.facts.width,
    embed(texts, { purpose, signal }) {
      const prefix = purpose === "query" ? queryPrefix : passagePrefix;
      return service.work({ texts: texts.map((text) => prefix + text), isUrgent: purpose === "query", signal });
    },
    status: service.status,
    close: service.close,
  };
}
