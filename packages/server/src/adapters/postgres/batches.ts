/** Calls made at about the same time, carried out together: many callers share one round trip and one commit. */

/** Options of {@link createBatches}. */
export interface BatchesOptions<Item, Result> {
  /** Carries out a batch; one result per item, in their order. A rejection is every item's, unless {@link isOfOneItem} says otherwise. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items with one key are carried out one after the other, never in one batch. Default: all may stand together. */
  readonly keyOf?: (item: Item) => string;
  /** Size of an item in units of the caller's choosing. Default 1. */
  readonly unitsOf?: (item: Item) => number;
  /** Units of a batch at most; an item that is larger goes alone. */
  readonly maxUnits: number;
  /** Batches under way at once; while there are so many, later calls gather. */
  readonly concurrency: number;
  /** Whether a failure may be the fault of one item, and nothing was done: then each is tried by itself. Default: never. */
  readonly isOfOneItem?: (error: unknown) => boolean;
}

interface Call<Item, Result> {
  readonly item: Item;
  readonly key: string | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Returns the function that carries out one item. A batch begins at the next turn of the event loop, so that a single call hardly waits,
 * and it begins after each call that is in it: what it reads is no older than the call.
 */
export function createBatches<Item, Result>(options: BatchesOptions<Item, Result>): (item: Item) => Promise<Result> {
  const { run, keyOf, unitsOf = () => 1, maxUnits, concurrency, isOfOneItem = () => false } = options;
  let waiting: Call<Item, Result>[] = [];
  const keysUnderWay = new Set<string>();
  let underWay = 0;
  let isScheduled = false;

  /** Takes from those that wait as many as fit, in their order. */
  function nextBatch(): Call<Item, Result>[] {
    const batch: Call<Item, Result>[] = [];
    const rest: Call<Item, Result>[] = [];
    /** Of those left behind; whoever comes later with the same key must not pass them. */
    const keysLeft = new Set<string>();
    let units = 0;
    for (const call of waiting) {
      const { key } = call;
      const size = unitsOf(call.item);
      const fits = batch.length === 0 || units + size <= maxUnits;
      if (fits && (key === undefined || !(keysUnderWay.has(key) || keysLeft.has(key)))) {
        batch.push(call);
        units += size;
        if (key !== undefined) keysUnderWay.add(key);
      } else {
        rest.push(call);
        if (key !== undefined) keysLeft.add(key);
      }
    }
    waiting = rest;
    return batch;
  }

  async function carryOut(batch: readonly Call<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`a batch of ${batch.length} calls had ${results.length} results`);
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result);
    } catch (error) {
      if (batch.length > 1 && isOfOneItem(error)) for (const call of batch) await carryOut([call]);
      else for (const { reject } of batch) reject(error);
    }
  }

  function start(): void {
    isScheduled = false;
    while (underWay < concurrency && waiting.length > 0) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      underWay += 1;
      void carryOut(batch).then(() => {
        underWay -= 1;
        for (const { key } of batch) if (key !== undefined) keysUnderWay.delete(key);
        start();
      });
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, key: keyOf?.(item), resolve, reject });
      if (isScheduled || underWay >= concurrency) return;
      isScheduled = true;
      setImmediate(start);
    });
}
