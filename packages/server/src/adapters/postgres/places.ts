/** A fixed number of places, given out in the order of asking; whoever waits too long for one is told. */

export interface Places {
  /**
   * Resolves with a function that gives the place back; calling it twice does nothing.
   *
   * @returns undefined when none was free within `timeoutMs` milliseconds, or when all who wait were sent away.
   */
  take(timeoutMs: number): Promise<(() => void) | undefined>;
  /** Tells everybody who waits that there will be none. */
  sendAway(): void;
  /** Resolves when every place is free and nobody waits. */
  idle(): Promise<void>;
}

type Release = () => void;

export function createPlaces(count: number): Places {
  let free = count;
  /** In the order of asking; a set, so that one who gives up leaves without a search. */
  const waiting = new Set<(release: Release | undefined) => void>();
  const watchers: (() => void)[] = [];

  function give(): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = waiting;
      if (next !== undefined) {
        next(give());
        return;
      }
      free += 1;
      if (free === count) for (const tell of watchers.splice(0)) tell();
    };
  }

  return {
    take(timeoutMs) {
      if (free > 0) {
        free -= 1;
        return Promise.resolve(give());
      }
      return new Promise((resolve) => {
        const receive = (release: Release | undefined): void => {
          clearTimeout(timer);
          waiting.delete(receive);
          resolve(release);
        };
        const timer = setTimeout(() => receive(undefined), timeoutMs);
        waiting.add(receive);
      });
    },
    sendAway() {
      for (const receive of [...waiting]) receive(undefined);
    },
    idle() {
      return free === count ? Promise.resolve() : new Promise((resolve) => watchers.push(resolve));
    },
  };
}
