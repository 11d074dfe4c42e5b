/** A quick, small cache before a shared, slower one. */
import type { ResponseCache } from "../ports.ts";

/**
 * Reads the near cache, then the far one, and keeps near what was found far. Writes go to both.
 *
 * What the far cache loses, or is made to forget by somebody else, may live on in the near one for as long as that one lets entries live.
 */
export function createTieredResponseCache({ near, far }: { readonly near: ResponseCache; readonly far: ResponseCache }): ResponseCache {
  return {
    async get(key) {
      const atHand = await near.get(key);
      if (atHand !== undefined) return atHand;
      const fetched = await far.get(key);
      if (fetched !== undefined) await near.set(key, fetched);
      return fetched;
    },
    async set(key, value) {
      await near.set(key, value);
      await far.set(key, value);
    },
    async clear() {
      const atHand = await near.clear();
      // What is near stands far as well, except for what the far cache lost.
      return Math.max(atHand, await far.clear());
    },
  };
}
