/** Keeps a model at work: its process is started anew when it ends, hangs or has grown too large, and what waited for it goes on. */
import { RagError, type Timers } from "@rag-personal/core";
import type { ModelFacts, ModelSetup } from "./messages.ts";
import { type ModelProcess, type StartProcess, startModelProcess } from "./model-process.ts";
import { createWorkQueue, type Slice, type WorkRequest } from "./work-queue.ts";

/** What happened to the process, for a log; `output` is the end of what it printed. */
export type ModelEvent =
  | { readonly type: "ready"; readonly loadMs: number }
  | { readonly type: "away"; readonly reason: string; readonly output?: string | undefined };

/** Limits and surroundings of a model; all have defaults but the timers. */
export interface ModelServiceOptions {
  readonly timers: Timers;
  /** Texts that may wait: of questions, and of documents. Default 4,096. */
  readonly maxWaitingTexts?: number | undefined;
  /** A run that takes longer hangs: its process is replaced, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Requests wait for a model that is away, but when it has been so for longer, they are refused, in milliseconds. Default 10,000. */
  readonly maxAwayMs?: number | undefined;
  /** The process is replaced when it has grown by so much since it had loaded the model, in MiB. Default 512. */
  readonly maxGrowthMb?: number | undefined;
  readonly onEvent?: ((event: ModelEvent) => void) | undefined;
  readonly startProcess?: StartProcess | undefined;
}

/** How a model is. */
export interface ModelStatus {
  readonly isReady: boolean;
  /** Why not. */
  readonly reason?: string | undefined;
  /** Texts that wait or are being worked on. */
  readonly waiting: number;
  /** Processes that were started in place of another one. */
  readonly restarts: number;
}

/** A model that works on whatever is handed in. */
export interface ModelService {
  readonly facts: ModelFacts;
  /** @throws RagError `overloaded`, `not_ready`, `internal`; the reason of the request's signal. */
  work(request: WorkRequest): Promise<readonly Float32Array[]>;
  status(): ModelStatus;
  /** Requests that wait fail with `not_ready`; resolves when the process is gone. */
  close(): Promise<void>;
}

/** What the model reads at once: little, because a question that comes meanwhile waits for it, and larger runs are not faster (docs/local-models.md). */
export const TOKENS_PER_RUN = 256;
const CHARS_PER_TOKEN = 4;
const RELOAD_TIMEOUT_MS = 120_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A slice that was there twice when the process ended is taken for the reason. */
const MAX_ATTEMPTS = 2;
const RETRY_AFTER_SECONDS = 3;
const MIB = 1_048_576;

interface Run {
  readonly id: number;
  readonly slice: Slice;
  readonly startedAt: number;
  readonly cancelDeadline: () => void;
}

/**
 * Starts the process and resolves when the model is loaded.
 *
 * @throws Error when it cannot be loaded; the message says what to do.
 */
export async function openModelService(setup: ModelSetup, options: ModelServiceOptions): Promise<ModelService> {
  const { timers, timeoutMs = 30_000, maxAwayMs = 10_000, maxGrowthMb = 512, onEvent = () => {} } = options;
  const queue = createWorkQueue({ maxTexts: options.maxWaitingTexts ?? 4_096, charsPerSlice: TOKENS_PER_RUN * CHARS_PER_TOKEN });
  const attempts = new WeakMap<Slice, number>();
  const opened = Promise.withResolvers<ModelFacts>();
  let facts: ModelFacts | undefined;
  let current: ModelProcess | undefined;
  let run: Run | undefined;
  let isReady = false;
  let awayReason: string | undefined;
  let isAwayTooLong = false;
  let isClosed = false;
  let failuresInARow = 0;
  let restarts = 0;
  let loadedBytes = 0;
  let lastId = 0;
  let cancelAway = () => {};
  let cancelRestart = () => {};
  let cancelReload = () => {};

  const notReady = (why: string) => new RagError("not_ready", `The model is not ready: ${why}.`, { retryAfterSeconds: RETRY_AFTER_SECONDS });

  function start(): void {
    const startedAt = performance.now();
    if (facts !== undefined) cancelReload = timers.set(RELOAD_TIMEOUT_MS, () => replace("it did not load in time"));
    current = startModelProcess({
      setup,
      timers,
      startProcess: options.startProcess,
      events: {
        onLoaded(loaded, rssBytes) {
          loadedBytes = rssBytes;
          onLoaded(loaded, performance.now() - startedAt);
        },
        onDone,
        onRefused(id, reason) {
          if (run?.id !== id) return;
          queue.fail(endRun(run), new RagError("internal", "The model cannot work on this text.", { cause: new Error(reason) }));
          next();
        },
        onEnded,
      },
    });
  }

  function onLoaded(loaded: ModelFacts, loadMs: number): void {
    cancelReload();
    // Vectors of another model must not come to those of the first one.
    if (facts !== undefined && loaded.digest !== facts.digest) {
      replace("its files were changed; restart the server to use the new ones");
      return;
    }
    facts ??= loaded;
    isReady = true;
    awayReason = undefined;
    isAwayTooLong = false;
    cancelAway();
    onEvent({ type: "ready", loadMs });
    opened.resolve(loaded);
    next();
  }

  function next(): void {
    if (!isReady || run !== undefined) return;
    const slice = queue.take();
    if (slice === undefined) return;
    lastId += 1;
    const cancelDeadline = timers.set(timeoutMs, onHang);
    run = { id: lastId, slice, startedAt: performance.now(), cancelDeadline };
    current?.send({ id: lastId, texts: [...slice.texts], ...(slice.question === undefined ? {} : { question: slice.question }) });
  }

  function endRun(ended: Run): Slice {
    ended.cancelDeadline();
    run = undefined;
    return ended.slice;
  }

  function onDone(id: number, values: Float32Array, rssBytes: number): void {
    if (run?.id !== id) return;
    const { startedAt } = run;
    queue.complete(endRun(run), values, performance.now() - startedAt);
    failuresInARow = 0;
    const growthBytes = rssBytes - loadedBytes;
    if (growthBytes > maxGrowthMb * MIB) replace(`it has grown by ${Math.round(growthBytes / MIB)} MiB`);
    else next();
  }

  function onHang(): void {
    if (run !== undefined) queue.fail(endRun(run), notReady(`a run took longer than ${timeoutMs} ms`));
    replace(`a run took longer than ${timeoutMs} ms`);
  }

  function onEnded(reason: string, output?: string): void {
    if (facts === undefined) {
      opened.reject(new Error(reason));
      return;
    }
    if (run !== undefined) {
      const slice = endRun(run);
      const count = (attempts.get(slice) ?? 0) + 1;
      attempts.set(slice, count);
      if (count < MAX_ATTEMPTS) queue.putBack(slice);
      else queue.fail(slice, notReady("it ended while it worked on this, twice"));
    }
    goAway(reason, output);
    const pauseMs = failuresInARow === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failuresInARow - 1), LONGEST_PAUSE_MS);
    failuresInARow += 1;
    cancelRestart = timers.set(pauseMs, start);
    restarts += 1;
  }

  function goAway(reason: string, output: string | undefined): void {
    cancelReload();
    onEvent({ type: "away", reason, ...(output ? { output } : {}) });
    if (awayReason === undefined) {
      cancelAway = timers.set(maxAwayMs, () => {
        isAwayTooLong = true;
        queue.failAll(notReady(awayReason ?? reason));
      });
    }
    awayReason = reason;
    isReady = false;
  }

  /** Ends a process of which nothing is in hand, and starts another. */
  function replace(reason: string): void {
    void current?.end();
    onEnded(reason);
  }

  start();
  const known = await opened.promise;
  return {
    facts: known,
    async work(request) {
      if (isClosed || isAwayTooLong) throw notReady(awayReason ?? "it was closed");
      const rows = queue.add(request);
      next();
      return await rows;
    },
    status: () => ({ isReady: isReady && !isClosed, reason: awayReason, waiting: queue.waiting(), restarts }),
    async close() {
      isClosed = true;
      isReady = false;
      for (const cancel of [cancelAway, cancelRestart, cancelReload]) cancel();
      run?.cancelDeadline();
      queue.failAll(notReady("it was closed"));
      await current?.end();
    },
  };
}
