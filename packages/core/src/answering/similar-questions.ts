/** Questions that differ in nothing but politeness and articles: the one kind of likeness that is safe to answer alike. */

/** Which answer belongs to a question that is spelled a little differently; in this process alone. */
export interface SimilarQuestions {
  /** The key under which the answer to such a question was kept. */
  find(similarKey: string): string | undefined;
  note(similarKey: string, key: string): void;
}

const POLITE =
  /^(?:please )?(?:(?:can|could|would|will) you (?:please )?tell me|tell me|do you know) (?=(?:who|whom|whose|what|which|when|where|why|how)\b)/i;

/**
 * The question without what says nothing. Numbers, negations, names, question words and the order of all words stay, since each of them may
 * decide what is asked. Only "the" goes of the articles: "a" may be a name, as of a vitamin.
 *
 * @example
 * withoutFillers("Could you tell me who wrote the novel, please?"); // "who wrote novel"
 */
export function withoutFillers(question: string): string {
  const words = question
    .replace(/\s+/gu, " ")
    .trim()
    .replace(/[ ?.!]+$/u, "");
  return words
    .replace(POLITE, "")
    .replace(/,? please$/i, "")
    .replace(/(?<=^| )the (?=\S)/gu, "")
    .toLowerCase();
}

/**
 * Creates an empty memory; the oldest entry goes first.
 *
 * @throws RangeError when `maxEntries` is not a whole number of at least 1.
 */
export function createSimilarQuestions({ maxEntries }: { readonly maxEntries: number }): SimilarQuestions {
  if (!Number.isInteger(maxEntries) || maxEntries < 1) throw new RangeError(`maxEntries must be a whole number of at least 1, not ${maxEntries}`);
  const keys = new Map<string, string>();
  return {
    find: (similarKey) => keys.get(similarKey),
    note(similarKey, key) {
      keys.delete(similarKey);
      keys.set(similarKey, key);
      const [oldest] = keys.keys();
      if (keys.size > maxEntries && oldest !== undefined) keys.delete(oldest);
    },
  };
}
