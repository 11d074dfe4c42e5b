/** Calls that end in time: with an answer, or by being given up. */
import type { Timers } from "@rag-personal/core";

/** Why a call was given up. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
  }
}

export interface TimedCallOptions {
  /** Milliseconds after which the call is given up. */
  readonly timeoutMs: number;
  /** Ends the call too. */
  readonly signal?: AbortSignal | undefined;
  /** Of a call that may take long: asked again and again, and once it is false the call is given up early. */
  readonly watch?: { readonly everyMs: number; readonly isThere: () => Promise<boolean> } | undefined;
}

export interface TimedCalls {
  /** @throws {@link NoAnswer} when it was given up; the reason of the signal; whatever `run` throws. */
  run<T>(run: (ended: AbortSignal) => Promise<T>, options: TimedCallOptions): Promise<T>;
  /** Gives up all that are under way. */
  abortAll(reason: Error): void;
  /** Calls under way, and calls given up for want of an answer since the start. */
  stats(): { readonly inFlight: number; readonly timeouts: number };
}

export function createTimedCalls(timers: Timers): TimedCalls {
  const underWay = new Set<AbortController>();
  let timeouts = 0;

  return {
    async run(run, { timeoutMs, signal: outer, watch }) {
      const controller = new AbortController();
      let isSettled = false;
      let cancelWatch: (() => void) | undefined;
      // An event loop that was held up runs its timers before it reads what has arrived meanwhile: let it read first.
      const giveUp = (afterMs: number): NodeJS.Immediate =>
        setImmediate(() => {
          if (isSettled) return;
          timeouts += 1;
          controller.abort(new NoAnswer(afterMs));
        });
      const cancelTimeout = timers.set(timeoutMs, () => giveUp(timeoutMs));
      if (watch !== undefined) watchAfter(watch);
      const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
      underWay.add(controller);

      function watchAfter({ everyMs, isThere }: NonNullable<typeof watch>): void {
        cancelWatch = timers.set(everyMs, async () => {
          const isAlive = await isThere();
          if (isSettled) return;
          if (isAlive) watchAfter({ everyMs, isThere });
          else giveUp(2 * everyMs);
        });
      }

      try {
        return await run(signal);
      } catch (error) {
        // The client tells only that a call failed, not that it was given up.
        throw signal.aborted ? signal.reason : error;
      } finally {
        isSettled = true;
        cancelTimeout();
        cancelWatch?.();
        underWay.delete(controller);
      }
    },
    abortAll(reason) {
      for (const controller of underWay) controller.abort(reason);
    },
    stats: () => ({ inFlight: underWay.size, timeouts }),
  };
}
