/** Feedback that survives the absence of its store: kept on disk meanwhile, and handed over once it is back. */
import { type Feedback, type FeedbackStore, RagError, type Timers } from "@rag-personal/core";
import type { Logger } from "pino";

/** Where feedback waits. */
export interface FeedbackSpool {
  /** Durable when resolved. */
  add(feedback: Feedback): Promise<void>;
  /** Names of what waits. */
  list(): Promise<string[]>;
  /** Undefined for what cannot be read. */
  read(name: string): Promise<Feedback | undefined>;
  remove(name: string): Promise<void>;
}

export interface SpooledFeedbackStore extends FeedbackStore {
  /** Hands over what waits, now. @returns how many were handed over. */
  replay(): Promise<number>;
  /** How many wait. */
  waiting(): number;
  /** Ends the attempts; what waits is handed over after the next start. */
  stop(): Promise<void>;
}

const RETRY_MS = 250;

/**
 * Saves to `store`, and to `spool` while the store is away. What was spooled is saved later under its own id, which the store takes
 * once only: an attempt that is repeated after a time-out counts as one.
 *
 * @param maxWaiting feedback on disk at most; beyond it, saving throws `store_unavailable`.
 */
export function createSpooledFeedbackStore({
  store,
  spool,
  timers,
  log,
  maxWaiting = 10_000,
}: {
  readonly store: FeedbackStore;
  readonly spool: FeedbackSpool;
  readonly timers: Timers;
  readonly log: Logger;
  readonly maxWaiting?: number;
}): SpooledFeedbackStore {
  let waiting = 0;
  let isStopped = false;
  let cancelRetry = (): void => {};
  let running: Promise<number> | undefined;
  /** Something may have been spooled after the hand-over under way listed what there is. */
  let isWantedAgain = false;

  function retryLater(): void {
    cancelRetry();
    if (!isStopped) cancelRetry = timers.set(RETRY_MS, () => void replay());
  }

  async function handOver(): Promise<number> {
    const names = await spool.list();
    waiting = names.length;
    let saved = 0;
    for (const name of names) {
      if (isStopped) break;
      const feedback = await spool.read(name);
      if (feedback === undefined) {
        // It stays where it is, for a person to look at; it must not hold up the others.
        log.error({ name }, "feedback on disk cannot be read");
        continue;
      }
      await store.saveFeedback(feedback);
      await spool.remove(name);
      waiting -= 1;
      saved += 1;
    }
    return saved;
  }

  function replay(): Promise<number> {
    cancelRetry();
    if (running !== undefined) {
      isWantedAgain = true;
      return running;
    }
    running = handOver()
      .then((saved) => {
        if (saved > 0) log.info({ saved }, "feedback that had waited on disk was stored");
        return saved;
      })
      .catch((error: unknown) => {
        if (!isAway(error)) log.error({ err: error }, "feedback on disk could not be handed over");
        isWantedAgain = true;
        return 0;
      })
      .finally(() => {
        running = undefined;
        if (isWantedAgain) retryLater();
        isWantedAgain = false;
      });
    return running;
  }

  return {
    async saveFeedback(feedback) {
      try {
        return await store.saveFeedback(feedback);
      } catch (error) {
        if (!isAway(error) || waiting >= maxWaiting) throw error;
        await spool.add(feedback);
        waiting += 1;
        if (waiting === 1) log.warn("the store is away; feedback is kept on disk until it is back");
        retryLater();
        return true;
      }
    },
    countFeedback: () => store.countFeedback(),
    replay,
    waiting: () => waiting,
    async stop() {
      isStopped = true;
      cancelRetry();
      await running;
    },
  };
}

function isAway(error: unknown): boolean {
  return error instanceof RagError && error.code === "store_unavailable";
}
