/** The time during which a store is away: what may be asked of it, when it is tried again, and what is logged about it. */
import { RagError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";

export type Access = "read" | "write";

/** Options of {@link createStoreEpisode}. */
export interface StoreEpisodeOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds between two attempts to reach the store. */
  readonly retryEveryMs: number;
  /** Milliseconds without a failure after which the episode is over: a store that flaps makes one long episode. */
  readonly settleMs: number;
  /** Tries the store, and brings back what has waited for it; told through `succeeded` what works again. */
  readonly restore: (succeeded: (access: Access) => void) => Promise<void>;
  /** Sessions that still wait for the store. */
  readonly waiting: () => number;
}

export interface StoreEpisode {
  /** The store works as far as anybody knows. */
  readonly isReachable: boolean;
  /**
   * Asks the store, unless it is known to be away: then the call fails at once.
   *
   * @throws RagError `store_unavailable` ({@link isUnavailable}), or what `call` throws.
   */
  ask<T>(access: Access, call: () => Promise<T>): Promise<T>;
  /** True when the call did not reach the store because of {@link ask}. */
  wasNotAsked(error: unknown): boolean;
  /** Tries the store now; a running attempt is followed by another one. */
  retryNow(): Promise<void>;
  /** No attempt begins after this. */
  stop(): void;
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}

export function createStoreEpisode(options: StoreEpisodeOptions): StoreEpisode {
  const { clock, timers, log, restore, waiting } = options;
  const works: Record<Access, boolean> = { read: true, write: true };
  const refusals = new WeakSet<object>();
  let startedAt: number | undefined;
  let lastFailureAt = 0;
  let cancelTimer: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let isWantedAgain = false;
  let isStopped = false;

  function failed(error: unknown): void {
    lastFailureAt = clock.monotonic();
    if (startedAt === undefined) {
      startedAt = lastFailureAt;
      log("FALLBACK ACTIVATED", { reason: error instanceof Error ? error.message : String(error) });
    }
    schedule();
  }

  function schedule(): void {
    if (isStopped) return;
    cancelTimer ??= timers.set(options.retryEveryMs, () => {
      cancelTimer = undefined;
      void retryNow();
    });
  }

  async function attempt(): Promise<void> {
    try {
      await restore((access) => {
        works[access] = true;
      });
    } catch (error) {
      failed(error);
    }
    if (startedAt === undefined) return;
    const isQuiet = works.read && works.write && waiting() === 0 && clock.monotonic() - lastFailureAt >= options.settleMs;
    if (!isQuiet) {
      schedule();
      return;
    }
    log("FALLBACK ENDED", { durationMs: Math.round(lastFailureAt - startedAt) });
    startedAt = undefined;
  }

  async function attemptWhileWanted(): Promise<void> {
    do {
      isWantedAgain = false;
      await attempt();
    } while (isWantedAgain && !isStopped);
  }

  async function retryNow(): Promise<void> {
    if (isStopped) return;
    if (running === undefined) {
      running = attemptWhileWanted().finally(() => {
        running = undefined;
      });
    } else {
      isWantedAgain = true;
    }
    await running;
  }

  return {
    get isReachable() {
      return works.read && works.write;
    },
    async ask(access, call) {
      if (!works[access]) {
        const refusal = new RagError(
          "store_unavailable",
          "The store of the sessions is away for the moment. Try again shortly, or begin a new session.",
          {
            retryAfterSeconds: 1,
          },
        );
        refusals.add(refusal);
        throw refusal;
      }
      try {
        return await call();
      } catch (error) {
        if (isUnavailable(error)) {
          works[access] = false;
          failed(error);
        }
        throw error;
      }
    },
    wasNotAsked: (error) => typeof error === "object" && error !== null && refusals.has(error),
    retryNow,
    stop() {
      isStopped = true;
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
