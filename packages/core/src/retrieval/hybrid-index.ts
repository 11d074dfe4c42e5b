/** The index: words, character grams and a semantic space learnt from the corpus, searched as one. */
import { inverseDocumentFrequency } from "../lexical/bm25.ts";
import { createVocabulary } from "../lexical/vocabulary.ts";
import type { IndexedChunk, SearchHit } from "../model.ts";
import { createPacer, type YieldNow } from "../pacing.ts";
import type { SearchOptions } from "../ports.ts";
import { TRAINED_RERANKER } from "../reranking/trained-reranker.ts";
import type { LsaModel, LsaOptions } from "../semantic/lsa.ts";
import { readLsaSnapshot, writeLsaSnapshot } from "../semantic/lsa-snapshot.ts";
import { createSemanticSpace, type SemanticSpace } from "../semantic/semantic-space.ts";
import { type Analyzer, createAnalyzer } from "../text/analyzer.ts";
import { type ChunkEntry, createChunkEntry } from "./chunk-entry.ts";
import { createFingerprint } from "./fingerprint.ts";
import { DEFAULT_FUSION_WEIGHTS, type FusionWeights } from "./fusion.ts";
import { buildIndexState, type IndexState, needsTraining } from "./index-state.ts";
import type { NearestChunks } from "./neighbours.ts";
import { searchState } from "./search.ts";
import { forgetUnusedTerms } from "./unused-terms.ts";

export interface HybridIndexOptions {
  /** Default: English stop words and stems, see {@link createAnalyzer}. */
  readonly analyzer?: Analyzer | undefined;
  /** Default: {@link DEFAULT_FUSION_WEIGHTS}. */
  readonly weights?: FusionWeights | undefined;
  /** Whether the feature reranker decides the order, or the fusion alone. Default true. */
  readonly rerank?: boolean | undefined;
  /** Training of the semantic space. */
  readonly lsa?: LsaOptions | undefined;
}

export interface RefreshOptions {
  /** Called every few milliseconds of work. */
  readonly yieldNow?: YieldNow | undefined;
  /**
   * Whether the semantic space may be trained if it is missing or outgrown. Default true.
   * With false a large collection becomes searchable by its words at once; call again to train.
   */
  readonly train?: boolean | undefined;
}

export interface HybridIndexStats {
  readonly documents: number;
  readonly chunks: number;
  readonly terms: number;
  /** Places in the tables that have one for every term; more than `terms` by those that only the semantic space or nothing uses any more. */
  readonly termSpace: number;
  /** Rank of the semantic space; 0 without one. */
  readonly dimensions: number;
  /** Grows with every refresh that changed something; 0 before the first. */
  readonly generation: number;
}

export interface HybridSearchOptions extends SearchOptions {
  /** What an embedding model found nearest: candidates too, with a say in the order. */
  readonly neighbours?: NearestChunks | undefined;
}

export interface HybridIndex {
  /** Best first; an empty array when nothing shares anything with the query. */
  search(query: string, options: HybridSearchOptions): Promise<SearchHit[]>;
  /** Replaces all chunks of one document, to be found after the next refresh; all must have the same `documentId`. */
  upsertDocument(chunks: readonly IndexedChunk[]): void;
  /** Forgets a document at the next refresh. @returns whether it was known. */
  removeDocument(documentId: string): boolean;
  /** Brings all changes so far into the searchable state; searches see the old state until it is done. Calls queue up. */
  refresh(options?: RefreshOptions): Promise<void>;
  stats(): HybridIndexStats;
  /**
   * Names the searchable state by what a search depends on: all chunks and the semantic space. Equal for equal content in any process and
   * whatever the order in which it came, otherwise different; zeros while the index is empty. Changes with a refresh only.
   */
  fingerprint(): string;
  /** The semantic space of the searchable state, for keeping its vectors elsewhere; undefined before the first training. */
  space(): SemanticSpace | undefined;
  /** How rare an analysed term is in the searchable state, in nats; an unseen term has the largest value there is. */
  inverseDocumentFrequency(term: string): number;
  /** The trained semantic space as bytes; undefined before training. */
  toSnapshot(): Uint8Array | undefined;
  /**
   * Takes over a space from {@link HybridIndex.toSnapshot}, used from the next refresh on in place of the one there is, and instead of training
   * while the corpus is of like size.
   * @returns false when the bytes are not a snapshot of this version.
   */
  fromSnapshot(snapshot: Uint8Array): boolean;
}

/** Fingerprint of an index in which nothing can be found. */
const NO_CONTENT = createFingerprint().toHex();

/**
 * Creates an empty index.
 *
 * @example
 * const index = createHybridIndex();
 * index.upsertDocument(chunks);
 * await index.refresh();
 * const hits = await index.search("how long may I stay abroad", { limit: 10 });
 */
export function createHybridIndex(options: HybridIndexOptions = {}): HybridIndex {
  const analyzer = options.analyzer ?? createAnalyzer();
  const weights = options.weights ?? DEFAULT_FUSION_WEIGHTS;
  const reranker = (options.rerank ?? true) ? TRAINED_RERANKER : undefined;
  const vocabulary = createVocabulary();
  const collection = new Map<string, readonly ChunkEntry[]>();
  let state: IndexState | undefined;
  let restored: LsaModel | undefined;
  let changed = true;
  let queue = Promise.resolve();

  const rebuild = async ({ yieldNow, train = true }: RefreshOptions): Promise<void> => {
    if (!changed && !(train && state !== undefined && needsTraining(state))) return;
    changed = false;
    const model = restored;
    try {
      state = await buildIndexState(
        {
          generation: (state?.generation ?? 0) + 1,
          collection: new Map(collection),
          vocabulary,
          previous: state,
          model,
          mayTrain: train,
          lsa: options.lsa ?? {},
        },
        createPacer(yieldNow),
      );
      // Another one may have come meanwhile.
      if (state.semantic !== undefined && restored === model) restored = undefined;
      forgetUnusedTerms(vocabulary, state, collection, restored);
    } catch (error) {
      changed = true;
      throw error;
    }
  };

  return {
    upsertDocument(chunks) {
      const documentId = chunks[0]?.documentId;
      if (documentId === undefined) return;
      collection.set(
        documentId,
        chunks.map((chunk) => createChunkEntry(chunk, analyzer, vocabulary)),
      );
      changed = true;
    },
    removeDocument(documentId) {
      const known = collection.delete(documentId);
      changed ||= known;
      return known;
    },
    refresh(refreshOptions = {}) {
      const done = queue.then(() => rebuild(refreshOptions));
      queue = done.catch(() => undefined);
      return done;
    },
    async search(query, searchOptions) {
      return state === undefined ? [] : searchState(state, query, searchOptions, { analyzer, vocabulary, weights, reranker });
    },
    stats: () => ({
      documents: state?.documents.length ?? 0,
      chunks: state?.entries.length ?? 0,
      terms: state?.termCount ?? 0,
      termSpace: state?.termSpace ?? 0,
      dimensions: state?.semantic?.model.rank ?? 0,
      generation: state?.generation ?? 0,
    }),
    fingerprint: () => state?.fingerprint ?? NO_CONTENT,
    space: () => state?.semantic && createSemanticSpace(state.semantic, state.numbers, analyzer, vocabulary),
    inverseDocumentFrequency(term) {
      const id = vocabulary.find(term);
      const frequency = id === undefined ? 0 : (state?.words.documentFrequency(id) ?? 0);
      return inverseDocumentFrequency(state?.entries.length ?? 0, frequency);
    },
    toSnapshot() {
      const model = state?.semantic?.model;
      return model === undefined ? undefined : writeLsaSnapshot(model, vocabulary);
    },
    fromSnapshot(snapshot) {
      restored = readLsaSnapshot(snapshot, vocabulary);
      changed ||= restored !== undefined;
      return restored !== undefined;
    },
  };
}
