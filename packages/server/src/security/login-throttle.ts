/** Slows down guessing of passwords: so many failures per user and address within a window, then a wait. Nobody is locked out for good. */
import { RagError } from "@rag-personal/core";
import { LRUCache } from "lru-cache";

export interface LoginThrottle {
  /**
   * Lets an attempt be made; one that throws has failed, and one that succeeds forgets the failures before it. No more are made at the same
   * time than may still fail: others wait for them, since they may all be right.
   *
   * @throws {RagError} `rate_limited` with the seconds to wait when too many have failed, or too many wait; whatever the attempt throws.
   */
  attempt<T>(username: string, address: string, make: () => Promise<T>): Promise<T>;
}

interface Attempts {
  failures: number;
  /** When the first of the failures began. */
  since: number;
  underWay: number;
  /** Woken one by one as attempts end. */
  readonly waiting: (() => void)[];
}

/** Defaults: 10 failures in 15 minutes, 10,000 pairs remembered, 100 waiting for each. */
export function createLoginThrottle({
  monotonic,
  attempts = 10,
  windowMs = 15 * 60_000,
  maxEntries = 10_000,
  maxWaiting = 100,
}: {
  monotonic: () => number;
  attempts?: number;
  windowMs?: number;
  maxEntries?: number;
  maxWaiting?: number;
}): LoginThrottle {
  const seen = new LRUCache<string, Attempts>({ max: maxEntries });

  function attemptsOf(key: string): Attempts {
    const known = seen.get(key);
    if (known !== undefined) return known;
    const fresh: Attempts = { failures: 0, since: 0, underWay: 0, waiting: [] };
    seen.set(key, fresh);
    return fresh;
  }

  function tooMany(waitMs: number): RagError {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new RagError("rate_limited", "Too many attempts to log in. Wait, then try again.", { retryAfterSeconds });
  }

  /** Resolves when one more may be made, and counts it as under way. */
  async function admit(pair: Attempts): Promise<void> {
    for (;;) {
      const now = monotonic();
      if (now - pair.since >= windowMs) pair.failures = 0;
      if (pair.failures >= attempts) throw tooMany(pair.since + windowMs - now);
      if (pair.failures + pair.underWay < attempts) {
        // Here and now: whoever looks next must see it.
        pair.underWay += 1;
        return;
      }
      if (pair.waiting.length >= maxWaiting) throw tooMany(0);
      await new Promise<void>((resolve) => pair.waiting.push(resolve));
    }
  }

  return {
    async attempt(username, address, make) {
      const pair = attemptsOf(`${address}\n${username}`);
      await admit(pair);
      const begunAt = monotonic();
      try {
        const result = await make();
        pair.failures = 0;
        return result;
      } catch (error) {
        if (pair.failures === 0) pair.since = begunAt;
        pair.failures += 1;
        throw error;
      } finally {
        pair.underWay -= 1;
        // All of them look again: after a success there is room for several, and after the last failure for none.
        for (const wake of pair.waiting.splice(0)) wake();
      }
    },
  };
}
