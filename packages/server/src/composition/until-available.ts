/** A start that waits for what it needs instead of failing without it. */
import { RagError, type Timers } from "@rag-personal/core";
import type { Logger } from "pino";

const RETRY_MS = 1_000;
/** Attempts between two lines in the log: one a minute. */
const ATTEMPTS_PER_LINE = 60;

/**
 * Repeats `attempt` until it succeeds, as long as all that is wrong is a store that is away.
 *
 * @param attempt may run several times; what it did before it failed must not be in the way of the next time.
 * @throws what `attempt` throws otherwise; the reason of `signal` once it is aborted.
 */
export async function untilAvailable(
  attempt: () => Promise<void>,
  { timers, log, signal }: { readonly timers: Timers; readonly log: Pick<Logger, "warn" | "info">; readonly signal: AbortSignal },
): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      await attempt();
      if (failures > 0) log.info({ attempts: failures + 1 }, "the store is there");
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
      if (failures % ATTEMPTS_PER_LINE === 0) log.warn({ err: error }, "the store is away; the start waits for it");
    }
    await pause(timers, signal);
  }
}

async function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = timers.set(RETRY_MS, resolve);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  cancel();
}
