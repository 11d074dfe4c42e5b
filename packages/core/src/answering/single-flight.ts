/** One answer for the same question asked several times at once: the first is answered, the others wait for it. */
import type { CachedAnswer } from "../ports.ts";

/** What a caller is to do about its question. */
export type FlightEntry =
  | {
      readonly kind: "lead";
      /** To be called once: with the complete answer, or with undefined when there is none. */
      land(answer: CachedAnswer | undefined): void;
    }
  | {
      readonly kind: "join";
      /** The answer of the one that leads; undefined when it came to nothing. Never rejects. */
      readonly answer: Promise<CachedAnswer | undefined>;
    };

export interface SingleFlight {
  /** The first to enter with a key leads; whoever enters before it has landed joins. */
  enter(key: string): FlightEntry;
}

/**
 * Creates a flight with nothing under way. A key must hold all that an answer depends on, its principal included: whoever joins
 * gets the answer as if it were the joiner's own.
 */
export function createSingleFlight(): SingleFlight {
  const underWay = new Map<string, Promise<CachedAnswer | undefined>>();
  return {
    enter(key) {
      const leader = underWay.get(key);
      if (leader !== undefined) return { kind: "join", answer: leader };
      const { promise, resolve } = Promise.withResolvers<CachedAnswer | undefined>();
      underWay.set(key, promise);
      return {
        kind: "lead",
        land(answer) {
          if (underWay.get(key) === promise) underWay.delete(key);
          resolve(answer);
        },
      };
    },
  };
}
