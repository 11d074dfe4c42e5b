/** Loads something once for all requests; after a failure it is tried again, not at once and not for ever less often. */
import { type Clock, RagError, type Timers } from "@rag-personal/core";
import { type SnapshotFault, UnreadableSnapshot } from "../snapshot/snapshot-format.ts";
import { SnapshotMissing } from "./snapshot-source.ts";

export interface SnapshotLoading<T> {
  /** What was loaded; undefined before. */
  readonly loaded: T | undefined;
  /**
   * What was loaded, after loading it or waiting for whoever does.
   *
   * @throws RagError `not_ready` with what is wrong, and with the seconds after which it is tried again.
   */
  get(): Promise<T>;
}

export interface SnapshotLoadingOptions<T> {
  /** The signal is aborted when it takes too long. */
  readonly load: (signal: AbortSignal) => Promise<T>;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** Told of every failure, once. */
  readonly onFailure: (error: unknown) => void;
  /** Default 20,000. */
  readonly timeoutMs?: number;
  /** Wait after the first failure; it doubles up to `maxWaitMs`. Default 1,000 and 60,000. */
  readonly firstWaitMs?: number;
  readonly maxWaitMs?: number;
}

const ADVICE: Readonly<Record<SnapshotFault, string>> = {
  no_snapshot: "Upload what `rag snapshot --out FILE` wrote.",
  other_version: "Write it anew with the `rag snapshot` of a server of this worker's version, and upload that.",
  cut_short: "Upload it again.",
  damaged: "Upload it again.",
};

export function createSnapshotLoading<T>(options: SnapshotLoadingOptions<T>): SnapshotLoading<T> {
  const { load, clock, timers, onFailure, timeoutMs = 20_000, firstWaitMs = 1_000, maxWaitMs = 60_000 } = options;
  let loaded: T | undefined;
  let loading: Promise<T> | undefined;
  let failure: RagError | undefined;
  let waitMs = firstWaitMs;
  let retryAt = Number.NEGATIVE_INFINITY;

  function fail(error: unknown): RagError {
    onFailure(error);
    loading = undefined;
    retryAt = clock.monotonic() + waitMs;
    waitMs = Math.min(waitMs * 2, maxWaitMs);
    failure = new RagError("not_ready", reasonOf(error), { cause: error });
    return tellWhen(failure);
  }

  function tellWhen({ message, cause }: RagError): RagError {
    const retryAfterSeconds = Math.max(1, Math.ceil((retryAt - clock.monotonic()) / 1_000));
    return new RagError("not_ready", message, { cause, retryAfterSeconds });
  }

  async function begin(): Promise<T> {
    const tooLong = new AbortController();
    const cancel = timers.set(timeoutMs, () => tooLong.abort(new Error(`it took more than ${timeoutMs} ms`)));
    try {
      return await load(tooLong.signal);
    } finally {
      cancel();
    }
  }

  /** Each waits by a timer of its own: the request that loads may end with its client, and then says nothing more. */
  async function waitFor(attempt: Promise<T>): Promise<T> {
    const { promise: impatience, reject } = Promise.withResolvers<never>();
    const cancel = timers.set(timeoutMs, () => reject(new Error(`it took more than ${timeoutMs} ms`)));
    try {
      const value = await Promise.race([attempt, impatience]);
      loaded = value;
      failure = undefined;
      return value;
    } catch (error) {
      // The first to hear of it notes it for all.
      if (loading === attempt) throw fail(error);
      throw failure === undefined ? fail(error) : tellWhen(failure);
    } finally {
      cancel();
    }
  }

  return {
    get loaded() {
      return loaded;
    },
    async get() {
      if (loaded !== undefined) return loaded;
      if (loading === undefined) {
        if (failure !== undefined && clock.monotonic() < retryAt) throw tellWhen(failure);
        loading = begin();
      }
      return await waitFor(loading);
    },
  };
}

/** Only what the operator can act on; anything else may hold an address or a key. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadableSnapshot) return `The snapshot cannot be used: ${error.message}. ${ADVICE[error.fault]}`;
  if (error instanceof SnapshotMissing) return `${error.message} Upload what \`rag snapshot --out FILE\` wrote.`;
  return "The snapshot could not be loaded; the log of the worker says why.";
}
