/** Finds out that the cached answers of a Redis were cleared by somebody else, so that copies of them elsewhere can go too. */
import { RagError, type Timers } from "@rag-personal/core";
import type { RedisConnection } from "./connection.ts";

/** A mark that goes with the answers: `FLUSHDB` takes it along, and so does clearing them here. Not below the prefix of the answers. */
export const CACHE_EPOCH_KEY = "rag:cache-epoch";

export interface CacheEpochOptions {
  readonly redis: Pick<RedisConnection, "read" | "write">;
  readonly timers: Timers;
  readonly newId: () => string;
  /** Milliseconds between two looks. Default 1,000. */
  readonly everyMs?: number;
  readonly onCleared: () => void;
  /** Told of what is no outage. */
  readonly onError: (error: unknown) => void;
}

/** Looks at the mark until it is stopped. A Redis that is away says nothing about its answers, and nothing is concluded. */
export function watchCacheEpoch({ redis, timers, newId, everyMs = 1_000, onCleared, onError }: CacheEpochOptions): { stop(): void } {
  let known: string | undefined;
  let isStopped = false;
  let cancel = timers.set(0, look);

  async function readOrSet(): Promise<string | undefined> {
    const there = await redis.read((driver) => driver.get(CACHE_EPOCH_KEY));
    if (there !== null) return there;
    // Of several servers that miss it one sets it; the others read what that one has set.
    const own = newId();
    const isSet = await redis.write((driver) => driver.set(CACHE_EPOCH_KEY, own, "NX"));
    return isSet === null ? ((await redis.read((driver) => driver.get(CACHE_EPOCH_KEY))) ?? undefined) : own;
  }

  function look(): void {
    readOrSet()
      .then((epoch) => {
        if (known !== undefined && epoch !== known) onCleared();
        if (epoch !== undefined) known = epoch;
      })
      .catch((error: unknown) => {
        if (!(error instanceof RagError && error.code === "store_unavailable")) onError(error);
      })
      .finally(() => {
        if (!isStopped) cancel = timers.set(everyMs, look);
      });
  }

  return {
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
