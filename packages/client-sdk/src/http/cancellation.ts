/** The end of a call that is not its own: the deadline, the caller's signal, `abort()`. */
import { AbortError, TimeoutError, type TimeoutPhase } from "../errors/client-errors.ts";
import type { RagError } from "../errors/rag-error.ts";
import type { Time } from "../time.ts";
import type { AbortSignalLike } from "./fetch-like.ts";

/** One per call, across all its attempts. */
export interface Cancellation {
  /** Aborted when the call is over, for whatever holds resources in its name. */
  readonly signal: AbortSignalLike;
  /** Why the call was cancelled; undefined while it was not. */
  readonly reason: RagError | undefined;
  /** Milliseconds until the deadline. */
  remainingMs(): number;
  /** The first reason counts; later ones are ignored. */
  cancel(reason: RagError): void;
  /**
   * Waits for `work`, though never past the cancellation, even if the work ignores the signal.
   *
   * @throws the reason, or what the work throws.
   */
  wait<T>(work: Promise<T>): Promise<T>;
  /** Waits for `work` for at most `limitMs`; undefined when it took longer. */
  waitAtMost<T>(limitMs: number, work: Promise<T>): Promise<T | undefined>;
  /** Waits for `work` and cancels the call with a TimeoutError when it takes longer than `limitMs`. */
  waitWithin<T>(limitMs: number, phase: TimeoutPhase, work: Promise<T>): Promise<T>;
  /** Waits for that long. @throws the reason as soon as there is one. */
  sleep(delayMs: number): Promise<void>;
  /** Lets go of the timer and of the caller's signal. */
  dispose(): void;
}

/** Begins the deadline now. */
export function createCancellation(options: {
  readonly time: Time;
  readonly timeoutMs: number;
  readonly signal?: AbortSignalLike | undefined;
  /** Called once, at the cancellation. */
  readonly onCancel?: (reason: RagError) => void;
}): Cancellation {
  const { time, timeoutMs, signal: callersSignal } = options;
  const controller = new AbortController();
  const deadline = time.monotonic() + timeoutMs;
  const waiting = new Set<(reason: RagError) => void>();
  let reason: RagError | undefined;

  const onAbort = (): void => cancel(new AbortError("The call was aborted by its signal.", { cause: callersSignal?.reason }));
  const cancelTimer = time.set(timeoutMs, () => cancel(new TimeoutError("deadline", timeoutMs)));

  function dispose(): void {
    cancelTimer();
    callersSignal?.removeEventListener("abort", onAbort);
  }

  function cancel(given: RagError): void {
    if (reason !== undefined) return;
    reason = given;
    dispose();
    controller.abort(given);
    for (const reject of waiting) reject(given);
    options.onCancel?.(given);
  }

  function wait<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (reason !== undefined) reject(reason);
      waiting.add(reject);
      const settled = (): void => void waiting.delete(reject);
      work.then(resolve, reject).then(settled);
    });
  }

  function waitWithin<T>(limitMs: number, phase: TimeoutPhase, work: Promise<T>): Promise<T> {
    const cancelLimit = time.set(limitMs, () => cancel(new TimeoutError(phase, limitMs)));
    return wait(work).finally(cancelLimit);
  }

  async function waitAtMost<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
    let cancelLimit: (() => void) | undefined;
    const limit = new Promise<undefined>((resolve) => {
      cancelLimit = time.set(limitMs, () => resolve(undefined));
    });
    try {
      return await wait(Promise.race([work, limit]));
    } finally {
      cancelLimit?.();
    }
  }

  callersSignal?.addEventListener("abort", onAbort, { once: true });
  if (callersSignal?.aborted === true) onAbort();

  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    remainingMs: () => deadline - time.monotonic(),
    cancel,
    wait,
    waitAtMost,
    waitWithin,
    // The work never ends, so the limit decides.
    sleep: (delayMs) => waitAtMost(delayMs, new Promise<never>(() => {})),
    dispose,
  };
}
