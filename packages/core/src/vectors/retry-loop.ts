/** Work that is begun again until it succeeds: one run at a time, a pause after a failure, one line in the log per episode. */
import { RagError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";
import { untilAborted } from "../resilience/until-aborted.ts";

export interface RetryLoopOptions {
  readonly run: () => Promise<void>;
  /** Called some time after a failure is over, before one more run: a write that timed out may have been done only now. */
  readonly onLateCheck: () => void;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface RetryLoop {
  /** Begins a run, or one more after the run under way. */
  trigger(): void;
  /** Begins a run and resolves when it is over, whether it failed or not. */
  runOnce(): Promise<void>;
  /** Repeats `work` in the same manner until it succeeds. @throws what no waiting mends; the reason of `signal`. */
  untilItWorks<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** What was away has come back: whatever pauses after a failure goes on now, and a run under way that fails is followed by another at once. */
  hurry(): void;
  /** What failed last time works again, although the run is not over yet. */
  reached(): void;
  /** Why the last run failed; undefined when it did not, or what failed works again. */
  problem(): string | undefined;
  /** Resolves when no run is under way or due. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const RETRY_MS = 250;
const LATE_WRITES_MS = 10_000;

export function createRetryLoop({ run, onLateCheck, timers, clock, log }: RetryLoopOptions): RetryLoop {
  let isWanted = false;
  let waiting: (() => void)[] = [];
  let isStopped = false;
  let running: Promise<void> | undefined;
  let failingSince: number | undefined;
  let problem: string | undefined;
  let cancelLater: (() => void) | undefined;
  let isHurried = false;
  const pauses = new Set<() => void>();
  const stopped = new AbortController();

  function failed(error: unknown): void {
    problem = error instanceof Error ? error.message : String(error);
    if (failingSince !== undefined) return;
    failingSince = clock.monotonic();
    const level = isPassing(error) ? "warn" : "error";
    log(level, "the vectors are not in step with the documents; trying again", { err: error });
  }

  function succeeded(): void {
    problem = undefined;
    isHurried = false;
    if (failingSince === undefined) return;
    log("info", "the vectors are in step again", { durationMs: Math.round(clock.monotonic() - failingSince) });
    failingSince = undefined;
    cancelLater ??= timers.set(LATE_WRITES_MS, () => {
      cancelLater = undefined;
      onLateCheck();
      trigger();
    });
  }

  async function pause(signal: AbortSignal): Promise<void> {
    if (isHurried) {
      isHurried = false;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = timers.set(RETRY_MS, resolve);
    pauses.add(resolve);
    await untilAborted(promise, signal).finally(() => {
      cancel();
      pauses.delete(resolve);
    });
  }

  async function untilItWorks<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        succeeded();
        return result;
      } catch (error) {
        if (signal.aborted || isStopped || !isPassing(error)) throw error;
        failed(error);
      }
      await pause(signal);
    }
  }

  async function runWhileWanted(): Promise<void> {
    while (isWanted && !isStopped) {
      isWanted = false;
      const served = waiting;
      waiting = [];
      try {
        await run();
        succeeded();
      } catch (error) {
        if (!isStopped) failed(error);
        isWanted = true;
      }
      for (const serve of served) serve();
      if (problem !== undefined) await pause(stopped.signal).catch(() => undefined);
    }
  }

  function trigger(): void {
    isWanted = true;
    if (isStopped) return;
    running ??= runWhileWanted().finally(() => {
      running = undefined;
    });
  }

  return {
    trigger,
    untilItWorks,
    runOnce() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      trigger();
      return isStopped ? Promise.resolve() : promise;
    },
    hurry() {
      // Where nothing pauses, a run under way may have met what was away.
      isHurried = pauses.size === 0 && running !== undefined;
      for (const goOn of pauses) goOn();
    },
    reached() {
      problem = undefined;
    },
    problem: () => problem,
    async idle() {
      while (running !== undefined) await running;
    },
    async stop() {
      isStopped = true;
      stopped.abort(new Error("stopped"));
      cancelLater?.();
      await running;
    },
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof RagError && ["store_unavailable", "not_ready", "overloaded"].includes(error.code);
}
