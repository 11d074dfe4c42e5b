/** A copy of what a store holds, renewed when somebody asks for it, that outlives an outage of the store. */
import type { Timers } from "@rag-personal/core";

export interface RecentCopy<T> {
  /**
   * The store's state of at most `maxAgeMs` ago; the last known one while the store is away.
   *
   * @throws what the store throws, as long as nothing is known.
   */
  get(): Promise<T>;
  /** The store's state now, for what is asked seldom and must not miss what another process has just written; else as {@link RecentCopy.get}. */
  getNow(): Promise<T>;
  /** Applies to the copy what was just written to the store; what was read before the write can no longer replace it. */
  change(apply: (value: T) => T): void;
}

interface Reading<T> {
  readonly value: T;
  /** Monotonic milliseconds at which it was begun. */
  readonly readAt: number;
}

/**
 * @param maxAgeMs older copies are renewed before they are used. Default 5,000; from half of that on they are renewed beside the request.
 * @param patienceMs the store counts as away when it takes longer. Default 1,000. After that nobody waits for it until it has answered.
 */
export function createRecentCopy<T>({
  load,
  monotonic,
  timers,
  maxAgeMs = 5_000,
  patienceMs = 1_000,
}: {
  load: () => Promise<T>;
  monotonic: () => number;
  timers: Timers;
  maxAgeMs?: number;
  patienceMs?: number;
}): RecentCopy<T> {
  let known: Reading<T> | undefined;
  let renewal: Promise<Reading<T>> | undefined;
  let isAway = false;
  let changes = 0;

  async function read(): Promise<Reading<T>> {
    try {
      for (;;) {
        const readAt = monotonic();
        const changesBefore = changes;
        const value = await load();
        isAway = false;
        // What may lack a change that was made meanwhile is not taken up.
        if (changes !== changesBefore) continue;
        known = { value, readAt };
        return known;
      }
    } catch (error) {
      isAway = true;
      throw error;
    }
  }

  function renew(): Promise<Reading<T>> {
    renewal ??= read().finally(() => {
      renewal = undefined;
    });
    return renewal;
  }

  /** Without an answer in time, or with a failure, the earlier copy has to do. */
  async function renewOr(earlier: Reading<T>): Promise<Reading<T>> {
    const { promise: impatience, resolve: giveUp } = Promise.withResolvers<undefined>();
    const cancel = timers.set(patienceMs, () => {
      isAway = true;
      giveUp(undefined);
    });
    const renewed = await Promise.race([renew().catch(() => undefined), impatience]);
    cancel();
    return renewed ?? known ?? earlier;
  }

  async function readOfAge(oldestMs: number): Promise<T> {
    if (known === undefined) return (await renew()).value;
    const ageMs = monotonic() - known.readAt;
    if (ageMs >= oldestMs && !isAway) return (await renewOr(known)).value;
    // The next request sees what comes of it.
    if (ageMs >= oldestMs / 2) renew().catch(() => {});
    return known.value;
  }

  return {
    get: () => readOfAge(maxAgeMs),
    getNow: () => readOfAge(0),
    change(apply) {
      changes += 1;
      if (known !== undefined) known = { ...known, value: apply(known.value) };
    },
  };
}
