/** Everything that finds passages: the index in this process, local models, vectors kept apart from it, and the retriever over them. */
import { type Analyzer, createAnalyzer, createHybridIndex, createRetriever, type HybridIndex, type Retriever } from "@rag-personal/core";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { Config } from "../config.ts";
import type { VectorParts } from "../index-administration.ts";
import { type LocalModels, openLocalModels } from "./local-models.ts";
import type { OpenedParts } from "./opened-parts.ts";
import { openSearchIndex, type SearchIndexParts } from "./search-index.ts";
import type { Surroundings } from "./surroundings.ts";
import { openVectors } from "./vectors.ts";

export interface RetrievalParts extends SearchIndexParts {
  readonly analyzer: Analyzer;
  readonly hybridIndex: HybridIndex;
  readonly models: LocalModels;
  /** Undefined where the index's own space is all there is. */
  readonly vectors: VectorParts | undefined;
  readonly retriever: Retriever;
}

/** @throws ExitError when a configured model cannot be loaded. */
export async function openRetrieval(
  config: Config,
  stores: PostgresStores,
  opened: OpenedParts,
  surroundings: Pick<Surroundings, "log">,
): Promise<RetrievalParts> {
  const { log } = surroundings;
  const analyzer = createAnalyzer();
  const hybridIndex = createHybridIndex({ analyzer });
  const models = await openLocalModels(config, opened, surroundings);
  const vectors = openVectors(config, { embedder: models.embedder, stores, hybridIndex }, opened, surroundings);
  const { index, follower } = openSearchIndex(config, { stores, hybridIndex, vectors }, opened, surroundings);
  const retriever = createRetriever({
    index: hybridIndex,
    neighbours: vectors?.index,
    reranker: models.reranker,
    onAway: (part, error) => log.debug({ err: error, part }, "searched without it"),
  });
  return { analyzer, hybridIndex, models, vectors, index, follower, retriever };
}
