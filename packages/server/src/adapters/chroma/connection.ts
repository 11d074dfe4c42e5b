/** Calls to Chroma that end in time, and fail at once while it is known to be away. */
import type { Clock, Timers } from "@rag-personal/core";
import type { ChromaClient } from "chromadb";
import { limitsAnswer, versionAnswer } from "./answers.ts";
import { type ChromaClientOptions, type ChromaLimits, chromaClients } from "./chroma-client.ts";
import { chromaError, classify } from "./chroma-errors.ts";
import { type ChromaLog, type ChromaState, createChromaStateLog } from "./chroma-state.ts";

/** Options of {@link connectChroma}; all durations in milliseconds. */
export interface ChromaConnectionOptions extends ChromaClientOptions {
  readonly log: ChromaLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Deadline of one call. Default 2,000. */
  readonly timeoutMs?: number;
  /** Deadline of one search, which somebody waits for. Default 500. */
  readonly queryTimeoutMs?: number;
}

export interface ChromaCallOptions {
  /** `query` for what somebody waits for. Default `call`. */
  readonly deadline?: "call" | "query";
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
  /** Records of one write at most, as the server says; 1 until it was asked. */
  maxBatchSize(): number;
  /** Calls under way, and calls without an answer in time since the start. */
  stats(): { readonly inFlight: number; readonly timeouts: number };
  /** Refuses new calls and gives up those under way. */
  close(): void;
}

const PROBE_EVERY_MS = 250;
const PROBE_TIMEOUT_MS = 1_000;

/**
 * Begins to connect and returns at once, whether or not there is a Chroma. Calls wait for the first answer, or for its absence.
 *
 * A call that gets no answer in time, or no connection, closes the gate for all: they are refused at once until a probe, four
 * times a second, is answered by a version that is supported.
 *
 * @throws TypeError for an address that cannot be one.
 */
export function connectChroma(options: ChromaConnectionOptions): ChromaConnection {
  const { clock, timers, timeoutMs = 2_000, queryTimeoutMs = 500 } = options;
  const makeClient = chromaClients(options);
  const stateLog = createChromaStateLog({ log: options.log, clock, timers });
  const underWay = new Set<AbortController>();
  const firstAnswer = Promise.withResolvers<void>();
  let state: ChromaState = "connecting";
  let limits: ChromaLimits | undefined;
  /** Counts how often it became ready: what failed before says nothing about now. */
  let readiness = 0;
  let timeouts = 0;
  let cancelProbe: (() => void) | undefined;

  function become(next: ChromaState, reason?: string): void {
    if (state === "closed" || state === next) return;
    state = next;
    if (next === "ready") readiness += 1;
    stateLog.observe(next, reason);
  }

  /** Runs a call that is given up after `afterMs`; tells whether it was that which ended it. */
  async function within<T>(afterMs: number, run: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const controller = new AbortController();
    let isSettled = false;
    const cancel = timers.set(afterMs, () => {
      // An event loop that was held up runs its timers before it reads what has arrived meanwhile: let it read first.
      setImmediate(() => {
        if (isSettled) return;
        timeouts += 1;
        controller.abort(new NoAnswer(afterMs));
      });
    });
    const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
    underWay.add(controller);
    try {
      return await run(signal);
    } catch (error) {
      // The client tells only that a call failed, not that it was given up.
      throw signal.aborted ? signal.reason : error;
    } finally {
      isSettled = true;
      cancel();
      underWay.delete(controller);
    }
  }

  function probeAfter(delayMs: number): void {
    cancelProbe?.();
    cancelProbe = timers.set(delayMs, () => void probe());
  }

  async function probe(): Promise<void> {
    try {
      const [version, found] = await within(Math.min(PROBE_TIMEOUT_MS, timeoutMs), async (signal) => {
        const client = makeClient(signal);
        return [versionAnswer.parse(await client.version()), limitsAnswer.parse(await client.getPreflightChecks())] as const;
      });
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

  /** @param at readiness when the call began. */
  function noteFailure(error: unknown, at: number): void {
    if (at !== readiness || state !== "ready") return;
    const failure = error instanceof NoAnswer ? "away" : classify(error);
    if (failure !== "away" && failure !== "denied" && failure !== "garbled") return;
    become(failure === "denied" ? "denied" : "away", reasonOf(error));
    probeAfter(0);
  }

  void probe();
  return {
    state: () => state,
    maxBatchSize: () => limits?.max_batch_size ?? 1,
    async call(run, { deadline = "call", signal } = {}) {
      signal?.throwIfAborted();
      if (state === "connecting") await firstAnswer.promise;
      if (state !== "ready") throw chromaError(state === "denied" || state === "unsupported" ? state : "away", undefined);
      const at = readiness;
      try {
        return await within(deadline === "query" ? queryTimeoutMs : timeoutMs, (ended) => run(makeClient(ended, limits)), signal);
      } catch (error) {
        signal?.throwIfAborted();
        noteFailure(error, at);
        throw chromaError(error instanceof NoAnswer ? "away" : classify(error), error);
      }
    },
    stats: () => ({ inFlight: underWay.size, timeouts }),
    close() {
      become("closed");
      cancelProbe?.();
      stateLog.stop();
      for (const controller of underWay) controller.abort(new Error("Chroma is disconnected"));
      firstAnswer.resolve();
    },
  };
}

/** Why a call was given up. */
class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
