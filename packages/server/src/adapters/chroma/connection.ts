/** Calls to Chroma that end in time, and fail at once while it is known to be away. */
import type { Clock, Timers } from "@rag-personal/core";
import type { ChromaClient } from "chromadb";
import { limitsAnswer, versionAnswer } from "./answers.ts";
import { type ChromaClientOptions, type ChromaLimits, chromaClients } from "./chroma-client.ts";
import { type ChromaFailure, chromaError, classify } from "./chroma-errors.ts";
import { type ChromaLog, type ChromaState, createChromaStateLog } from "./chroma-state.ts";
import { createTimedCalls, NoAnswer } from "./timed-calls.ts";

/** Options of {@link connectChroma}; all durations in milliseconds. */
export interface ChromaConnectionOptions extends ChromaClientOptions {
  readonly log: ChromaLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Deadline of one call, and of any sign of life during a write. Default 2,000. */
  readonly timeoutMs?: number;
  /** Deadline of one search, which somebody waits for. Default 500. */
  readonly queryTimeoutMs?: number;
}

export interface ChromaCallOptions {
  /** `query` for what somebody waits for; `write` for what may take as long as Chroma shows that it is there. Default `call`. */
  readonly deadline?: "call" | "query" | "write";
  readonly signal?: AbortSignal | undefined;
}

export interface ChromaConnection {
  state(): ChromaState;
  /**
   * Runs calls of one client within the deadline. After it, whatever was sent may still be carried out: "no answer" is not "no".
   *
   * @throws RagError `store_unavailable`, at once while Chroma is away; `internal` when it rejects what it is asked; the reason of the signal.
   */
  call<T>(run: (client: ChromaClient) => Promise<T>, options?: ChromaCallOptions): Promise<T>;
  /** Called each time it has become ready: calls are carried out from then on. @returns a function that ends this. */
  onReady(listener: () => void): () => void;
  /** Records of one write at most, as the server says; 1 until it was asked. */
  maxBatchSize(): number;
  /** Calls under way, and calls without an answer in time since the start. */
  stats(): { readonly inFlight: number; readonly timeouts: number };
  /** Refuses new calls and gives up those under way. */
  close(): void;
}

const PROBE_EVERY_MS = 100;
const PROBE_TIMEOUT_MS = 1_000;
/** Each thousand vectors Chroma writes its whole graph: with 40,000 of 384 a write then took up to 3.9 s on a busy machine. */
const LONGEST_WRITE_MS = 30_000;

/**
 * Begins to connect and returns at once, whether or not there is a Chroma. Calls wait for the first answer, or for its absence.
 *
 * A call that gets no answer in time, or no connection, closes the gate for all: they are refused at once until a probe, ten
 * times a second, is answered by a version that is supported. The first searches after that find Chroma reading its files: until
 * one was answered, they go one at a time, the others are refused, and silence closes the gate only when Chroma does not say either
 * that it is there.
 *
 * @throws TypeError for an address that cannot be one.
 */
export function connectChroma(options: ChromaConnectionOptions): ChromaConnection {
  const { clock, timers, timeoutMs = 2_000, queryTimeoutMs = 500 } = options;
  const makeClient = chromaClients(options);
  const stateLog = createChromaStateLog({ log: options.log, clock, timers });
  const calls = createTimedCalls(timers);
  const deadlines = {
    call: { timeoutMs },
    query: { timeoutMs: queryTimeoutMs },
    write: { timeoutMs: LONGEST_WRITE_MS, watch: { everyMs: timeoutMs / 2, isThere } },
  } as const;
  const firstAnswer = Promise.withResolvers<void>();
  const readyListeners = new Set<() => void>();
  let state: ChromaState = "connecting";
  let limits: ChromaLimits | undefined;
  /** Counts how often it became ready: what failed before says nothing about now. */
  let readiness = 0;
  /** Readiness at which a search was answered last. */
  let searchedAt = 0;
  /** Readiness at which the first search is under way. */
  let tryingAt = 0;
  /** Chroma is asked whether it is there. */
  let isAsking = false;
  let cancelProbe: (() => void) | undefined;

  function become(next: ChromaState, reason?: string): void {
    if (state === "closed" || state === next) return;
    state = next;
    if (next === "ready") readiness += 1;
    stateLog.observe(next, reason);
    if (next === "ready") for (const listener of readyListeners) listener();
  }

  /** Tells whether there is a server that answers, in half the time in which it must. */
  async function isThere(): Promise<boolean> {
    try {
      versionAnswer.parse(await calls.run((ended) => makeClient(ended).version(), { timeoutMs: timeoutMs / 2 }));
      return true;
    } catch {
      return false;
    }
  }

  function probeAfter(delayMs: number): void {
    cancelProbe?.();
    cancelProbe = timers.set(delayMs, () => void probe());
  }

  async function probe(): Promise<void> {
    try {
      const [version, found] = await calls.run(
        async (ended) => {
          const client = makeClient(ended);
          return [versionAnswer.parse(await client.version()), limitsAnswer.parse(await client.getPreflightChecks())] as const;
        },
        { timeoutMs: Math.min(PROBE_TIMEOUT_MS, timeoutMs) },
      );
      if (/^1\./.test(version)) {
        limits = found;
        become("ready");
      } else {
        become("unsupported", `Chroma ${version}; this program was made for 1.x`);
      }
    } catch (error) {
      become(classify(error) === "denied" ? "denied" : "away", reasonOf(error));
    }
    firstAnswer.resolve();
    if (state !== "ready" && state !== "closed") probeAfter(PROBE_EVERY_MS);
  }

  async function closeUnlessThere(at: number, reason: string): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    const isOver = !(await isThere());
    isAsking = false;
    if (!isOver || at !== readiness || state !== "ready") return;
    become("away", reason);
    probeAfter(0);
  }

  /**
   * @param at readiness when the call began.
   * @param isFirstSearch whether it is a search, and none had been answered then.
   */
  function noteFailure(error: unknown, at: number, isFirstSearch: boolean): ChromaFailure {
    const failure = error instanceof NoAnswer || state === "closed" ? "away" : classify(error);
    if (at !== readiness || state !== "ready") return failure;
    if (error instanceof NoAnswer && isFirstSearch) {
      void closeUnlessThere(at, reasonOf(error));
      return failure;
    }
    if (failure === "away" || failure === "denied" || failure === "garbled") {
      become(failure === "denied" ? "denied" : "away", reasonOf(error));
      probeAfter(0);
    }
    return failure;
  }

  void probe();
  return {
    state: () => state,
    onReady(listener) {
      readyListeners.add(listener);
      return () => void readyListeners.delete(listener);
    },
    maxBatchSize: () => limits?.max_batch_size ?? 1,
    async call(run, { deadline = "call", signal } = {}) {
      signal?.throwIfAborted();
      if (state === "connecting") await firstAnswer.promise;
      if (state !== "ready") throw chromaError(state === "denied" || state === "unsupported" ? state : "away", undefined);
      const at = readiness;
      const isFirstSearch = deadline === "query" && searchedAt !== at;
      if (isFirstSearch && at > 1) {
        if (tryingAt === at) throw chromaError("away", undefined);
        tryingAt = at;
      }
      try {
        const answer = await calls.run((ended) => run(makeClient(ended, limits)), { ...deadlines[deadline], signal });
        if (deadline === "query") searchedAt = at;
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        throw chromaError(noteFailure(error, at, isFirstSearch), error);
      } finally {
        if (isFirstSearch && tryingAt === at) tryingAt = 0;
      }
    },
    stats: calls.stats,
    close() {
      become("closed");
      cancelProbe?.();
      stateLog.stop();
      calls.abortAll(new Error("Chroma is disconnected"));
      firstAnswer.resolve();
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
