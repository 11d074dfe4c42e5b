/**
 * Loaded before a program: when the process gets SIGUSR2, the thread of its model does what the file `MODEL_FAULT_FILE` says, one of the
 * texts that the faulty thread stumbles over; `ended` ends it from outside.
 */
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import threads, { Worker, type WorkerOptions } from "node:worker_threads";

const FAULTY_WORKER = new URL("../test-support/faulty-model-worker.ts", import.meta.url);
/** A thread that grows reaches it within a second, and the machine does not notice. */
const HEAP_MB = 192;
const file = process.env["MODEL_FAULT_FILE"] ?? "";
let latest: Worker | undefined;

class ModelWorker extends Worker {
  constructor(url: string | URL, options: WorkerOptions = {}) {
    const isModel = String(url).endsWith("/model-worker.ts");
    super(isModel ? FAULTY_WORKER : url, isModel ? { ...options, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } } : options);
    if (isModel) latest = this;
  }
}

threads.Worker = ModelWorker;
syncBuiltinESMExports();

process.on("SIGUSR2", () => {
  const fault = readFileSync(file, "utf8");
  if (fault === "ended") void latest?.terminate();
  else latest?.postMessage({ texts: [fault] });
});
