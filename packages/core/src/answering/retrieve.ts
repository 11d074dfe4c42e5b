/** Steps 4 and 5: the passages nearest to the question; fusing, diversifying and reranking are the retriever's. */
import type { SearchFilters, SearchHit } from "../model.ts";
import type { Retriever } from "../ports.ts";

/** Passages looked at for one question. */
const PASSAGES = 10;

/** Best first; empty for a question that holds nothing to search for. */
export async function retrievePassages(question: string, filters: SearchFilters | undefined, retriever: Retriever): Promise<SearchHit[]> {
  return retriever.search(question, { limit: PASSAGES, filters });
}
