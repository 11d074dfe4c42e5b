/** Numbers for terms: dense, and stable until the term is forgotten. */

export interface Vocabulary {
  /** Every number given out so far is below it. */
  readonly size: number;
  /** The number of `term`, given out on first sight. */
  add(term: string): number;
  /** The number of `term`, or undefined when it was never added, or forgotten since. */
  find(term: string): number | undefined;
  /** The term of a number; the empty string when there is none. */
  termAt(id: number): string;
  /** Takes the number of a term back, to be given to another; nobody may still use it for the old one. */
  forget(id: number): void;
}

export function createVocabulary(): Vocabulary {
  const ids = new Map<string, number>();
  const terms: string[] = [];
  const free: number[] = [];
  return {
    get size() {
      return terms.length;
    },
    add(term) {
      const known = ids.get(term);
      if (known !== undefined) return known;
      const id = free.pop() ?? terms.length;
      ids.set(term, id);
      terms[id] = term;
      return id;
    },
    find: (term) => ids.get(term),
    termAt: (id) => terms[id] ?? "",
    forget(id) {
      const term = terms[id];
      if (term === undefined || ids.get(term) !== id) return;
      ids.delete(term);
      terms[id] = "";
      free.push(id);
    },
  };
}
