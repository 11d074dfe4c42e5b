/** Converts structured files in a process of their own, so that a hostile one can neither block nor kill the server. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Timers, UnprocessableDocument } from "@rag-personal/core";
import type { ConversionJob, ConversionResult } from "./convert.ts";

/** Options of {@link createConverter}. */
export interface ConverterOptions {
  readonly timers: Timers;
  /** How long one file may take, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number | undefined;
  /** Memory of the process for objects and strings, in MiB. Default 512. */
  readonly maxHeapMb?: number | undefined;
  /** The process ends when it has had nothing to do for so long, in milliseconds. Default 10,000. */
  readonly idleMs?: number | undefined;
}

/** Turns structured files into text, one at a time. */
export interface Converter {
  /**
   * @throws UnprocessableDocument stage `parse`: the text is not what its format demands, or took too much time or memory.
   * @throws the signal's reason.
   */
  convert(job: ConversionJob, signal?: AbortSignal): Promise<{ readonly title: string; readonly text: string }>;
  /** Ends the process and resolves when it is gone; a job in hand fails. */
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("./conversion-process.ts", import.meta.url));

/**
 * The process starts with the first job, is killed when a job exceeds its time, and is started anew after that.
 *
 * A worker thread would start faster, but its memory limit does not hold: V8 ends the whole process when one large allocation in a
 * worker does not fit (measured with Node 24: a growing array, object or map in a worker of 256 MiB takes the server with it).
 */
export function createConverter({ timers, deadlineMs = 10_000, maxHeapMb = 512, idleMs = 10_000 }: ConverterOptions): Converter {
  let child: ChildProcess | undefined;
  let cancelIdle: (() => void) | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  function start(): ChildProcess {
    const started = fork(PROGRAM, [], {
      serialization: "advanced",
      // Nothing of the server's environment, which holds its secrets, is there to be found.
      env: {},
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const forget = () => {
      if (child === started) child = undefined;
    };
    started.once("exit", forget).on("error", forget);
    return started;
  }

  async function stop(): Promise<void> {
    cancelIdle?.();
    const stopped = child;
    child = undefined;
    if (stopped === undefined) return;
    keepsAlive(stopped, true);
    const gone = once(stopped, "exit");
    if (stopped.kill("SIGKILL")) await gone;
  }

  async function run(job: ConversionJob, signal: AbortSignal | undefined): Promise<ConversionResult> {
    signal?.throwIfAborted();
    cancelIdle?.();
    child ??= start();
    const used = child;
    keepsAlive(used, true);
    const { promise, resolve, reject } = Promise.withResolvers<ConversionResult>();
    const refuse = (reason: string, detail?: string) => resolve({ kind: "refused", reason, ...(detail === undefined ? {} : { detail }) });
    let hasAnswered = false;
    const onMessage = (result: ConversionResult) => {
      hasAnswered = true;
      resolve(result);
    };
    const onExit = (code: number | null, by: NodeJS.Signals | null) => refuse("its conversion took too much memory", `exit ${code ?? by}`);
    const onError = (error: Error) => refuse("its conversion could not be started; the log says more", error.message);
    const onAbort = () => reject(signal?.reason);
    const cancelDeadline = timers.set(deadlineMs, () => refuse(`its conversion took longer than ${deadlineMs} ms`));
    used.once("message", onMessage).once("exit", onExit).once("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      used.send(job, (error) => {
        if (error !== null) onError(error);
      });
      return await promise;
    } finally {
      cancelDeadline();
      signal?.removeEventListener("abort", onAbort);
      used.off("message", onMessage).off("exit", onExit).off("error", onError);
      keepsAlive(used, false);
      if (hasAnswered) cancelIdle = timers.set(idleMs, () => void stop());
      else await stop();
    }
  }

  return {
    async convert(job, signal) {
      const turn = queue.then(() => run(job, signal));
      queue = turn.catch(() => undefined);
      const result = await turn;
      if (result.kind === "refused") {
        throw new UnprocessableDocument("parse", result.reason, result.detail === undefined ? {} : { cause: new Error(result.detail) });
      }
      return result;
    },
    close: stop,
  };
}

/** An idle process must not keep the server from ending; one at work must. */
function keepsAlive(child: ChildProcess, isNeeded: boolean): void {
  if (isNeeded) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}
