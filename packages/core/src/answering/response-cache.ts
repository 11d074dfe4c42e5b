/** A response cache in memory: bounded, least recently used goes first. */
import type { CachedAnswer, Clock, ResponseCache } from "../ports.ts";

export interface ResponseCacheOptions {
  readonly maxEntries: number;
  /** Milliseconds after which an entry is no longer given out. Default: no limit, since the key names the state of the documents. */
  readonly maxAgeMs?: number | undefined;
  readonly clock: Pick<Clock, "monotonic">;
}

/**
 * Creates an empty cache.
 *
 * @throws RangeError when `maxEntries` is not a whole number of at least 1 or `maxAgeMs` is not positive.
 */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { maxEntries, clock } = options;
  const maxAgeMs = options.maxAgeMs ?? Number.POSITIVE_INFINITY;
  if (!Number.isInteger(maxEntries) || maxEntries < 1) throw new RangeError(`maxEntries must be a whole number of at least 1, not ${maxEntries}`);
  if (!(maxAgeMs > 0)) throw new RangeError(`maxAgeMs must be positive, not ${maxAgeMs}`);
  // A Map iterates in order of insertion; every use re-inserts, so the first key is the least recently used.
  const entries = new Map<string, { readonly value: CachedAnswer; readonly storedAt: number }>();

  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (clock.monotonic() - entry.storedAt >= maxAgeMs) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    async set(key, value) {
      entries.delete(key);
      entries.set(key, { value, storedAt: clock.monotonic() });
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break;
        entries.delete(oldest);
      }
    },
    async clear() {
      const count = entries.size;
      entries.clear();
      return count;
    },
  };
}
