/** Step 3: an answer given before, if all it rests on is still as it was. */
import type { CachedAnswer } from "../ports.ts";
import { isInDocument } from "./citation-binder.ts";
import type { AnswerServices } from "./services.ts";

/** An answer to this question, or to one that differs from it in fillers alone. */
export async function recallAnswerOrSimilar(
  key: string,
  similarKey: string | undefined,
  services: Pick<AnswerServices, "cache" | "documents" | "similarQuestions">,
): Promise<{ readonly answer: CachedAnswer; readonly from: "response" | "similar" } | undefined> {
  const answer = await recallAnswer(key, services);
  if (answer !== undefined) return { answer, from: "response" };
  const other = similarKey === undefined ? undefined : services.similarQuestions?.find(similarKey);
  const similar = other === undefined || other === key ? undefined : await recallAnswer(other, services);
  return similar && { answer: similar, from: "similar" };
}

/**
 * Undefined for an unknown key, a cache that is away, and an answer of which a quote no longer stands in the stored text:
 * a document may have been replaced while the index still shows its earlier version.
 */
async function recallAnswer(key: string, services: Pick<AnswerServices, "cache" | "documents">): Promise<CachedAnswer | undefined> {
  // An entry that cannot be had costs time alone.
  const cached = await services.cache.get(key).catch(() => undefined);
  if (cached === undefined) return undefined;
  const { citations } = cached.answer;
  for (const documentId of new Set(citations.map((citation) => citation.documentId))) {
    // A store that is away confirms nothing: then the answer is made anew, and says that it is degraded.
    const document = await services.documents.getDocument(documentId).catch(() => undefined);
    if (!citations.every((citation) => citation.documentId !== documentId || isInDocument(citation, document))) return undefined;
  }
  return cached;
}
