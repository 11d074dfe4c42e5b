/** How often each term occurs in one text, as parallel arrays. */

export interface TermCounts {
  /** Distinct term numbers, ascending. */
  readonly ids: Uint32Array;
  /** Occurrences of the term at the same position of `ids`. */
  readonly counts: Uint32Array;
  /** Sum of all counts. */
  readonly length: number;
}

/** Counts a sequence of term numbers. */
export function countTerms(sequence: ArrayLike<number>): TermCounts {
  const sorted = Uint32Array.from(sequence).sort();
  const ids = new Uint32Array(sorted.length);
  const counts = new Uint32Array(sorted.length);
  let distinct = 0;
  for (const id of sorted) {
    if (distinct > 0 && ids[distinct - 1] === id) counts[distinct - 1] = (counts[distinct - 1] ?? 0) + 1;
    else {
      ids[distinct] = id;
      counts[distinct] = 1;
      distinct += 1;
    }
  }
  return { ids: ids.slice(0, distinct), counts: counts.slice(0, distinct), length: sorted.length };
}
