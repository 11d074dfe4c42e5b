/** Passages of the documents, without an answer. */
import type { ResponsePromise } from "./http/response-promise.ts";
import { array, boolean, number, object, optional, record, type Shape, string } from "./http/shape.ts";
import type { SearchFilters } from "./model.ts";
import type { CallOptions } from "./options.ts";
import type { Calls } from "./trpc/calls.ts";

/** What to look for. */
export interface SearchRequest {
  /** In any words; it must not be empty. */
  readonly query: string;
  /** Passages at most, 1 to 100. Default 10. */
  readonly limit?: number | undefined;
  /** Default: all documents that the credential may see. */
  readonly filters?: SearchFilters | undefined;
  /** Tells what each signal gave to a score. Default false. */
  readonly explain?: boolean | undefined;
}

/** One passage. */
export interface SearchHit {
  readonly documentId: string;
  readonly chunkId: string;
  readonly path: string;
  readonly title: string;
  /** Headings above the passage, outermost first. */
  readonly headingPath: readonly string[];
  /** Offset of `text` in the document's stored text, in UTF-16 units. */
  readonly start: number;
  /** Offset behind its last unit. */
  readonly end: number;
  readonly text: string;
  /** Relevance, 0..1; comparable within one result only. */
  readonly score: number;
  /** With `explain`: each signal's part by its name. */
  readonly explanation?: Readonly<Record<string, number>> | undefined;
}

/** Passages, best first. */
export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** True when something the server would normally use was away, so that the result may be poorer. */
  readonly degraded: boolean;
}

/**
 * Looks for passages, best first.
 *
 * @param query the words alone, or with filters and a limit.
 * @throws what {@link Chat.ask} throws. It is repeated after any failure that may pass.
 *
 * @example
 * ```ts
 * const { hits } = await client.search({ query: "warranty", limit: 3, filters: { pathPrefixes: ["reports/"] } });
 * for (const { path, start, text } of hits) console.log(path, start, text);
 * ```
 */
export type Search = (query: string | SearchRequest, options?: CallOptions) => ResponsePromise<SearchResult>;

const hit: Shape<SearchHit> = object<SearchHit>({
  documentId: string,
  chunkId: string,
  path: string,
  title: string,
  headingPath: array(string),
  start: number,
  end: number,
  text: string,
  score: number,
  explanation: optional(record(number)),
});

const shape: Shape<SearchResult> = object({ hits: array(hit), degraded: boolean });

/** @internal */
export const createSearch =
  (calls: Calls): Search =>
  (query, options = {}) =>
    calls.call({ repetition: "harmless", shape }, options, (trpc, given) => trpc.search.query(typeof query === "string" ? { query } : query, given));
