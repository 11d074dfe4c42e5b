/** Everything that finds and orders chunks, as one retriever that goes on with what is there. */
import { RagError } from "../errors.ts";
import type { IndexedChunk, SearchFilters, SearchHit } from "../model.ts";
import type { Reranker, RetrieveOptions, Retriever } from "../ports.ts";
import type { HybridIndex } from "./hybrid-index.ts";
import type { NearestChunks } from "./neighbours.ts";

/** Finds the chunks whose vectors are nearest to that of the question. */
export interface NeighbourSearch {
  /**
   * @throws RagError `store_unavailable`, `not_ready` or `overloaded` when it cannot now, `conflict` when it must not: the retriever does
   * without; the reason of `signal`.
   */
  findNearest(
    query: string,
    options: { readonly limit: number; readonly filters?: SearchFilters | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<NearestChunks>;
}

export interface RetrieverParts {
  readonly index: Pick<HybridIndex, "search">;
  /** Without it the index's own signals are all there is. */
  readonly neighbours?: NeighbourSearch | undefined;
  /** Orders the first hits anew. */
  readonly reranker?: Reranker | undefined;
  /** Told each time a part is done without. */
  readonly onAway?: ((part: "neighbours" | "reranker", error: unknown) => void) | undefined;
}

/** Neighbours asked for: as many as the index has candidates of its own would cost more and hardly change the first ten. */
const NEIGHBOURS = 100;
/** Hits that are read again by the reranker; each costs it some milliseconds. */
const RERANKED = 20;

/**
 * Puts the parts together. A part that is away makes the result `degraded` and stops nobody.
 *
 * @example
 * const { hits, degraded } = await createRetriever({ index }).retrieve("how long may I stay abroad", { limit: 10 });
 */
export function createRetriever({ index, neighbours, reranker, onAway }: RetrieverParts): Retriever {
  async function orDoWithout<T>(part: "neighbours" | "reranker", signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAway(error)) throw error;
      onAway?.(part, error);
      return undefined;
    }
  }

  return {
    async retrieve(query: string, { limit, filters, explain, signal, timed = async (_, work) => await work() }: RetrieveOptions) {
      if (limit <= 0) return { hits: [], degraded: false };
      const nearest =
        neighbours === undefined
          ? undefined
          : await orDoWithout("neighbours", signal, () => neighbours.findNearest(query, { limit: NEIGHBOURS, filters, signal }));
      const isAlone = neighbours !== undefined && nearest === undefined;
      const depth = reranker === undefined ? limit : Math.max(limit, RERANKED);
      const hits = await index.search(query, { limit: depth, filters, explain, neighbours: nearest });
      if (reranker === undefined || hits.length < 2) return { hits: hits.slice(0, limit), degraded: isAlone };
      const first = hits.slice(0, RERANKED);
      const passages = first.map(({ chunk }) => passageOf(chunk));
      const scores = await orDoWithout("reranker", signal, () => timed("rerank", () => reranker.rerank(query, passages, { signal })));
      const ordered = scores === undefined ? hits : [...reorder(first, scores, explain === true), ...hits.slice(RERANKED)];
      return { hits: ordered.slice(0, limit), degraded: isAlone || scores === undefined };
    },
  };
}

/** What an embedding model or a cross-encoder reads of a chunk: what stands above it says what it is about. */
export function passageOf({ title, headingPath, text }: Pick<IndexedChunk, "title" | "headingPath" | "text">): string {
  const above = [title, ...headingPath].filter((heading, at, all) => heading !== "" && all.indexOf(heading) === at);
  return above.length === 0 ? text : `${above.join(" > ")}\n${text}`;
}

function reorder(hits: readonly SearchHit[], scores: readonly number[], explain: boolean): SearchHit[] {
  return hits
    .map((hit, index) => {
      const score = scores[index] ?? 0;
      if (!explain) return { ...hit, score };
      return { ...hit, score, explanation: { signals: { ...hit.explanation?.signals, crossEncoder: score } } };
    })
    .sort((left, right) => right.score - left.score);
}

function isAway(error: unknown): boolean {
  return error instanceof RagError && ["store_unavailable", "not_ready", "overloaded", "conflict"].includes(error.code);
}
