/** Steps 4 and 5: the passages nearest to the question; fusing, diversifying and reranking are the retriever's. */
import type { SearchFilters } from "../model.ts";
import type { Retrieval, Retriever, Stopwatch } from "../ports.ts";

/** Passages looked at for one question. */
const PASSAGES = 10;

/** Best first; empty for a question that holds nothing to search for. */
export async function retrievePassages(
  question: string,
  { filters, signal, timed }: { readonly filters?: SearchFilters | undefined; readonly signal: AbortSignal; readonly timed: Stopwatch },
  retriever: Retriever,
): Promise<Retrieval> {
  return retriever.retrieve(question, { limit: PASSAGES, filters, signal, timed });
}
