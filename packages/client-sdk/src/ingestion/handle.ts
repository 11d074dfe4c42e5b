/** A job as its caller holds it: asked for its state, followed, or waited for. */
import { ConnectionError, IncompleteStreamError, TimeoutError } from "../errors/client-errors.ts";
import { createCancellation } from "../http/cancellation.ts";
import type { ResponsePromise } from "../http/response-promise.ts";
import { backOffMs } from "../http/retry-policy.ts";
import { type CallOptions, type ClientSettings, resolveStreamOptions, type StreamOptions, type StreamSettings } from "../options.ts";
import type { Calls } from "../trpc/calls.ts";
import { type IngestionEvent, type IngestionJob, jobEvent, jobShape } from "./job.ts";

/** Options of waiting for a job. */
export interface WaitOptions extends StreamOptions {
  /**
   * Called with each event. After a connection that broke the job is looked at anew, so that a `job` event comes in between and events
   * of single files may be missing; the job that {@link IngestionHandle.wait} gives has them all.
   */
  readonly onEvent?: ((event: IngestionEvent) => void) | undefined;
}

/** A job that was started. */
export interface IngestionHandle {
  readonly id: string;
  /**
   * Its state now.
   *
   * @throws NotFoundError when the server does not know it any more.
   *
   * @example
   * ```ts
   * const job = await client.admin.ingest();
   * const { state, progress } = await job.status();
   * console.log(state, progress.done, progress.total);
   * ```
   */
  status(options?: CallOptions): ResponsePromise<IngestionJob>;
  /**
   * Its state, each file as it is done, and its end. Leaving the loop leaves the job alone. Without `timeoutMs` it may take as long as it
   * likes, though never go silent for longer than `idleTimeoutMs`.
   *
   * @throws IncompleteStreamError when the stream ends before the job, and what any call throws.
   *
   * @example
   * ```ts
   * const job = await client.admin.ingest();
   * for await (const event of job.events()) {
   *   if (event.type === "progress") console.log(`${event.progress.done} of ${event.progress.total}`);
   * }
   * ```
   */
  events(options?: StreamOptions): AsyncIterable<IngestionEvent>;
  /**
   * Waits for its end, whatever that is: look at `state`. A connection that breaks is made again, `maxRetries` times in a row without
   * anything new. Without `timeoutMs` it waits as long as the job takes.
   *
   * @throws TimeoutError, AbortError, ApiError; ConnectionError or IncompleteStreamError when the connection does not hold.
   *
   * @example
   * ```ts
   * const job = await client.admin.ingest();
   * const { state, counts } = await job.wait({ onEvent: ({ type }) => console.log(type) });
   * console.log(state, counts.added, counts.failed);
   * ```
   */
  wait(options?: WaitOptions): Promise<IngestionJob>;
}

/** A job takes as long as it takes; only silence is suspicious. */
const resolveOptions = (options: StreamOptions, settings: ClientSettings): StreamSettings =>
  resolveStreamOptions({ ...options, timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY }, settings);

/** Whether the job may well go on although its stream does not. */
const isInterruption = (thrown: unknown): boolean =>
  thrown instanceof IncompleteStreamError || thrown instanceof ConnectionError || (thrown instanceof TimeoutError && thrown.phase !== "deadline");

/** @internal */
export function createIngestionHandle(id: string, settings: ClientSettings, calls: Calls): IngestionHandle {
  const { time, random } = settings;

  async function* follow(call: StreamSettings): AsyncGenerator<IngestionEvent, void, undefined> {
    const cancellation = createCancellation({ time, timeoutMs: call.timeoutMs, signal: call.signal });
    try {
      yield* calls.stream({ repetition: "harmless", shape: jobEvent }, call, cancellation, (trpc, given) =>
        trpc.admin.ingestEvents.subscribe({ id }, given),
      );
    } finally {
      cancellation.dispose();
    }
  }

  async function wait(options: WaitOptions): Promise<IngestionJob> {
    const call = resolveOptions(options, settings);
    const deadline = time.monotonic() + call.timeoutMs;
    for (let failures = 0; ; failures += 1) {
      try {
        for await (const event of follow({ ...call, timeoutMs: Math.max(1, deadline - time.monotonic()) })) {
          // Each look at the job begins with its state, which is nothing new.
          if (event.type !== "job") failures = 0;
          options.onEvent?.(event);
          if (event.type === "done") return event.job;
        }
      } catch (thrown) {
        if (!isInterruption(thrown) || failures >= call.maxRetries) throw thrown;
      }
      const pause = createCancellation({ time, timeoutMs: Math.max(1, deadline - time.monotonic()), signal: call.signal });
      try {
        await pause.sleep(backOffMs(failures, random));
      } finally {
        pause.dispose();
      }
    }
  }

  return {
    id,
    status: (options = {}) =>
      calls.call({ repetition: "harmless", shape: jobShape }, options, (trpc, given) => trpc.admin.ingestStatus.query({ id }, given)),
    events: (options = {}) => follow(resolveOptions(options, settings)),
    wait: (options = {}) => wait(options),
  };
}
