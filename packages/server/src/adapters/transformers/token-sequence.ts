/** Texts as tokens: cut to what the model takes, and grouped so that little of a run is padding. */

/** One text, or one pair of texts, as the model reads it. */
export interface TokenSequence {
  readonly ids: readonly number[];
  /** 0 for the first text and 1 for the second. */
  readonly types: readonly number[];
}

/** Cuts from the end of the last text, before the special tokens that close it: a model that has always seen them misses them. */
export function cutSequence(sequence: TokenSequence, maxTokens: number, special: ReadonlySet<number>): TokenSequence {
  const { ids, types } = sequence;
  if (ids.length <= maxTokens) return sequence;
  let closing = 0;
  while (closing < maxTokens && special.has(ids.at(-1 - closing) ?? -1)) closing += 1;
  const cut = (values: readonly number[]) => [...values.slice(0, maxTokens - closing), ...values.slice(values.length - closing)];
  return { ids: cut(ids), types: cut(types) };
}

/**
 * Groups of neighbours in length, as positions in `lengths`: each group times its longest stays within `tokensPerRun`, or is alone.
 */
export function groupByLength(lengths: readonly number[], tokensPerRun: number): readonly (readonly number[])[] {
  const order = [...lengths.keys()].sort((left, right) => (lengths[left] ?? 0) - (lengths[right] ?? 0));
  const groups: number[][] = [];
  let group: number[] = [];
  for (const position of order) {
    // In this order the one that comes is the longest.
    if (group.length > 0 && (group.length + 1) * (lengths[position] ?? 0) > tokensPerRun) {
      groups.push(group);
      group = [];
    }
    group.push(position);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
