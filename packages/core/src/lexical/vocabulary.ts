/** Numbers for terms: dense, stable, never reused. */

export interface Vocabulary {
  readonly size: number;
  /** The number of `term`, given out on first sight. */
  add(term: string): number;
  /** The number of `term`, or undefined when it was never added. */
  find(term: string): number | undefined;
  /** The term of a number; the empty string when there is none. */
  termAt(id: number): string;
}

export function createVocabulary(): Vocabulary {
  const ids = new Map<string, number>();
  const terms: string[] = [];
  return {
    get size() {
      return terms.length;
    },
    add(term) {
      const known = ids.get(term);
      if (known !== undefined) return known;
      const id = terms.length;
      ids.set(term, id);
      terms.push(term);
      return id;
    },
    find: (term) => ids.get(term),
    termAt: (id) => terms[id] ?? "",
  };
}
