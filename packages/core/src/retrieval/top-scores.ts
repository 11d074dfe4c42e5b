/** The highest of many scores, without sorting them all. */

export interface ScoredItem {
  readonly item: number;
  readonly score: number;
}

export interface TopScores {
  offer(item: number, score: number): void;
  /** What was kept, highest first. Call it once. */
  drain(): readonly ScoredItem[];
}

/** Keeps the `limit` highest scores in a heap; among equals, the items of lower numbers. */
export function createTopScores(limit: number): TopScores {
  const items: ScoredItem[] = [];
  const isWorse = (left: ScoredItem, right: ScoredItem): boolean =>
    left.score < right.score || (left.score === right.score && left.item > right.item);
  const swap = (i: number, j: number): void => {
    const left = items[i];
    const right = items[j];
    if (left === undefined || right === undefined) return;
    items[i] = right;
    items[j] = left;
  };
  const worseAt = (i: number, j: number): boolean => {
    const left = items[i];
    const right = items[j];
    return left !== undefined && right !== undefined && isWorse(left, right);
  };
  const siftUp = (): void => {
    for (let at = items.length - 1; at > 0 && worseAt(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
  };
  const siftDown = (): void => {
    for (let at = 0; ; ) {
      let worst = at;
      if (worseAt(2 * at + 1, worst)) worst = 2 * at + 1;
      if (worseAt(2 * at + 2, worst)) worst = 2 * at + 2;
      if (worst === at) return;
      swap(at, worst);
      at = worst;
    }
  };
  return {
    offer(item, score) {
      if (items.length < limit) {
        items.push({ item, score });
        siftUp();
      } else if (items[0] !== undefined && isWorse(items[0], { item, score })) {
        items[0] = { item, score };
        siftDown();
      }
    },
    drain: () => items.sort((left, right) => (isWorse(left, right) ? 1 : -1)),
  };
}
