/** What a principal may read of the documents: the one place that every way to their content goes through, below the transports. */
import type { AnswerEvent, AnswerRequest, Retrieval, RetrieveOptions, SearchFilters } from "@rag-personal/core";
import { type Principal, principalName } from "./policy.ts";

/** A question as every transport hands it over. */
export interface AskRequest extends Omit<AnswerRequest, "principal"> {
  readonly principal: Principal;
}

/** Asking and searching, no further than the principal may see. */
export interface ConfinedReading {
  /** The principal's scope is part of the question's filters, and so of its key in the cache. */
  ask(request: AskRequest): AsyncIterable<AnswerEvent>;
  search(principal: Principal, query: string, options: RetrieveOptions): Promise<Retrieval>;
}

/** @param reading asks and searches wherever the filters allow. */
export function createConfinedReading({
  ask,
  search,
}: {
  ask: (request: AnswerRequest) => AsyncIterable<AnswerEvent>;
  search: (query: string, options: RetrieveOptions) => Promise<Retrieval>;
}): ConfinedReading {
  return {
    ask: ({ principal, filters, ...request }) =>
      ask({ ...request, principal: principalName(principal), filters: confine(filters, prefixesOf(principal)) }),
    search: (principal, query, options) => search(query, { ...options, filters: confine(options.filters, prefixesOf(principal)) }),
  };
}

function prefixesOf(principal: Principal): readonly string[] | undefined {
  return principal.kind === "apiKey" ? principal.scope.pathPrefixes : undefined;
}

/**
 * The filters that admit what both the given ones and the prefixes admit. Where they have nothing in common, the list of prefixes is
 * empty and admits nothing.
 *
 * @param allowed undefined: everything.
 * @example
 * confine({ pathPrefixes: ["people/lund", "recipes/"] }, ["people/"]); // { pathPrefixes: ["people/lund"] }
 */
export function confine(filters: SearchFilters | undefined, allowed: readonly string[] | undefined): SearchFilters | undefined {
  if (allowed === undefined) return filters;
  const asked = filters?.pathPrefixes;
  const pathPrefixes = asked === undefined ? allowed : asked.flatMap((prefix) => allowed.flatMap((other) => common(prefix, other)));
  return { ...filters, pathPrefixes };
}

/** The paths that begin with both begin with the longer one, if that begins with the shorter, and else there are none. */
function common(left: string, right: string): readonly string[] {
  if (left.startsWith(right)) return [left];
  return right.startsWith(left) ? [right] : [];
}
