/** One life of a model's process, from its start to its end. */
import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Timers } from "@rag-personal/core";
import { type ModelFacts, type ModelSetup, processMessage, type WorkMessage } from "./messages.ts";

/** What is told of a process. After `ended`, and after {@link ModelProcess.end}, nothing more comes. */
export interface ModelProcessEvents {
  onLoaded(facts: ModelFacts, rssBytes: number): void;
  /** `rssBytes` is the resident memory of the process. */
  onDone(id: number, values: Float32Array, rssBytes: number): void;
  /** The model cannot work on these texts; it goes on with others. */
  onRefused(id: number, reason: string): void;
  /** The process ended unasked. `output` is the end of what it printed, for a log. */
  onEnded(reason: string, output: string): void;
}

/** Starts a program of Node as a child with a channel for messages. */
export type StartProcess = (file: string, options: ForkOptions) => ChildProcess;

/** Options of {@link startModelProcess}. */
export interface ModelProcessOptions {
  readonly setup: ModelSetup;
  readonly events: ModelProcessEvents;
  readonly timers: Timers;
  /** Default: `fork`. */
  readonly startProcess?: StartProcess | undefined;
}

/** A running process. */
export interface ModelProcess {
  send(work: WorkMessage): void;
  /** Ends the process, whatever it is at, and gives its memory back; resolves when it is gone. */
  end(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("./model-program.ts", import.meta.url));
/** What native libraries print is kept so far back, in characters. */
const OUTPUT_CHARS = 1_000;
/** A process that says nothing more is of no use: it is killed if it does not end, in milliseconds. */
const LINGER_MS = 1_000;

/** Starts a process, which loads its model at once. */
export function startModelProcess({
  setup,
  events,
  timers,
  startProcess = (file, options) => fork(file, [], options),
}: ModelProcessOptions): ModelProcess {
  let isOver = false;
  let reason: string | undefined;
  let output = "";
  let cancelLinger = () => {};

  function onEnded(why: string): void {
    if (isOver) return;
    isOver = true;
    events.onEnded(reason ?? why, output.trim());
  }

  function start(): ChildProcess | undefined {
    try {
      return startProcess(PROGRAM, {
        // The vectors stay what they are.
        serialization: "advanced",
        // Nothing of the server's environment, which holds its secrets, is there for the libraries that run the model.
        env: {},
        execArgv: [],
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      });
    } catch (error) {
      // Without memory or a free process; told later, when the caller knows what it has started.
      setImmediate(() => onEnded(`its process cannot be started: ${error instanceof Error ? error.message : String(error)}`));
      return undefined;
    }
  }

  const child = start();
  child?.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-OUTPUT_CHARS);
  });
  child?.on("message", (raw) => {
    if (isOver) return;
    const { data: message } = processMessage.safeParse(raw);
    if (message === undefined) child.kill("SIGKILL");
    else if (message.type === "loaded") events.onLoaded(message.facts, message.rssBytes);
    else if (message.type === "done") events.onDone(message.id, message.values, message.rssBytes);
    else if (message.type === "refused") events.onRefused(message.id, message.reason);
    else reason = message.reason;
  });
  child?.on("disconnect", () => {
    cancelLinger = timers.set(LINGER_MS, () => child.kill("SIGKILL"));
  });
  // With `close`, unlike with `exit`, everything that it said has come.
  child?.on("close", (code, signal) => {
    cancelLinger();
    onEnded(signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`);
  });
  child?.on("error", (error) => {
    if (child.pid === undefined) onEnded(`its process cannot be started: ${error.message}`);
  });

  // What cannot be sent is not waited for: the process has ended then, which is told.
  const send = (message: ModelSetup | WorkMessage) => void (child?.connected && child.send(message, () => {}));
  send(setup);
  return {
    send,
    async end() {
      isOver = true;
      if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}
