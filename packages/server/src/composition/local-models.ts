/** Models that run on this machine, loaded before anybody asks. */
import type { Embedder, Reranker } from "@rag-personal/core";
import { openLocalEmbedder } from "../adapters/transformers/embedder.ts";
import type { LocalModel } from "../adapters/transformers/local-model.ts";
import { openLocalReranker } from "../adapters/transformers/reranker.ts";
import type { Config } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import type { ModelSource } from "../model-source.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { timers } from "./time.ts";

export interface LocalModels {
  readonly embedder: (Embedder & LocalModel) | undefined;
  readonly reranker: (Reranker & LocalModel) | undefined;
}

/** @throws ExitError when a configured model cannot be loaded; the message says what to do. */
export async function openLocalModels(config: Config, opened: OpenedParts, { log }: Pick<Surroundings, "log">): Promise<LocalModels> {
  const common = (source: ModelSource, model: string) => ({
    source,
    precision: config.MODEL_PRECISION,
    modelsDir: config.MODELS_DIR,
    hubUrl: config.MODEL_HUB_URL,
    timers,
    maxWaitingTexts: config.MODEL_QUEUE_TEXTS,
    timeoutMs: config.MODEL_TIMEOUT_MS,
    maxGrowthMb: config.MODEL_MAX_GROWTH_MB,
    onEvent: (event: { readonly type: "ready" | "away" }) => log[event.type === "away" ? "warn" : "info"]({ ...event, model }, "local model"),
  });
  const open = async <T extends LocalModel>(setting: string, loading: Promise<T> | undefined): Promise<T | undefined> => {
    const model = await loading?.catch((error: unknown) => {
      throw new ExitError(`${setting} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (model !== undefined) opened.add(() => model.close());
    return model;
  };
  const { EMBEDDING_MODEL, RERANKER_MODEL } = config;
  const options = { pooling: config.EMBEDDING_POOLING, queryPrefix: config.EMBEDDING_QUERY_PREFIX, passagePrefix: config.EMBEDDING_PASSAGE_PREFIX };
  const embedder = EMBEDDING_MODEL && openLocalEmbedder({ ...common(EMBEDDING_MODEL, "embedding"), ...options });
  const reranker = RERANKER_MODEL && openLocalReranker(common(RERANKER_MODEL, "reranker"));
  const opening = [open("EMBEDDING_MODEL", embedder), open("RERANKER_MODEL", reranker)] as const;
  // Both are waited for, so that one that is loaded is closed again when the other cannot be.
  await Promise.allSettled(opening);
  return { embedder: await opening[0], reranker: await opening[1] };
}
