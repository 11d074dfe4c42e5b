/** One life of a model's thread, from its start to its end. */
import { Worker, type WorkerOptions } from "node:worker_threads";
import { type ModelFacts, type ThreadSetup, threadMessage, type WorkMessage } from "./messages.ts";

/** What is told of a thread. After `ended`, and after {@link ModelThread.end}, nothing more comes. */
export interface ModelThreadEvents {
  onLoaded(facts: ModelFacts): void;
  onDone(id: number, values: Float32Array): void;
  /** The model cannot work on these texts; it goes on with others. */
  onRefused(id: number, reason: string): void;
  /** The thread ended unasked. */
  onEnded(reason: string): void;
}

/** Options of {@link startModelThread}. */
export interface ModelThreadOptions {
  readonly setup: ThreadSetup;
  readonly events: ModelThreadEvents;
  /** Starts the thread. Default: a worker. */
  readonly startWorker?: ((file: URL, options: WorkerOptions) => Worker) | undefined;
}

/** A running thread. */
export interface ModelThread {
  send(work: WorkMessage): void;
  /** Ends the thread and gives its memory back; resolves when it is gone, which takes as long as the run it is in. */
  end(): Promise<void>;
}

/** Starts a thread, which loads its model at once. */
export function startModelThread({ setup, events, startWorker = (file, options) => new Worker(file, options) }: ModelThreadOptions): ModelThread {
  // Nothing of the server's environment, which holds its secrets, is there for the libraries that run the model.
  const worker = startWorker(new URL("./model-worker.ts", import.meta.url), { workerData: setup, env: {} });
  let isOver = false;
  let reason: string | undefined;

  worker.on("message", (raw) => {
    if (isOver) return;
    const message = threadMessage.parse(raw);
    if (message.type === "loaded") events.onLoaded(message.facts);
    else if (message.type === "done") events.onDone(message.id, message.values);
    else if (message.type === "refused") events.onRefused(message.id, message.reason);
    else reason = message.reason;
  });
  worker.on("error", (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.on("exit", (code) => {
    if (isOver) return;
    isOver = true;
    events.onEnded(reason ?? `its thread ended with code ${code}`);
  });

  return {
    send: (work) => worker.postMessage(work),
    async end() {
      isOver = true;
      await worker.terminate();
    },
  };
}
