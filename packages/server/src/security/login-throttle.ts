/** Slows down guessing of passwords: so many failures per user and address within a window, then a wait. Nobody is locked out for good. */
import { RagError } from "@rag-personal/core";
import { LRUCache } from "lru-cache";

export interface LoginThrottle {
  /** @throws {RagError} `rate_limited` with the seconds to wait. Counts the attempt. */
  admit(username: string, address: string): void;
  /** A correct password forgets the failures. */
  succeeded(username: string, address: string): void;
}

/** Defaults: 10 attempts in 15 minutes, 10,000 pairs remembered. */
export function createLoginThrottle({
  monotonic,
  attempts = 10,
  windowMs = 15 * 60_000,
  maxEntries = 10_000,
}: {
  monotonic: () => number;
  attempts?: number;
  windowMs?: number;
  maxEntries?: number;
}): LoginThrottle {
  const seen = new LRUCache<string, { count: number; since: number }>({ max: maxEntries });
  const keyOf = (username: string, address: string): string => `${address}\n${username}`;
  return {
    admit(username, address) {
      const key = keyOf(username, address);
      const now = monotonic();
      const entry = seen.get(key);
      if (entry === undefined || now - entry.since >= windowMs) {
        seen.set(key, { count: 1, since: now });
        return;
      }
      if (entry.count >= attempts) {
        throw new RagError("rate_limited", "Too many attempts to log in. Wait, then try again.", {
          retryAfterSeconds: Math.max(1, Math.ceil((entry.since + windowMs - now) / 1000)),
        });
      }
      entry.count += 1;
    },
    succeeded(username, address) {
      seen.delete(keyOf(username, address));
    },
  };
}
