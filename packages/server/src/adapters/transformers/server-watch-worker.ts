/**
 * Ends its process when the server is gone. The process learns that from its channel as well, but only between two runs; during one that
 * hangs, this thread still looks.
 */
import { workerData } from "node:worker_threads";

const LOOK_EVERY_MS = 500;

// A process whose parent has ended gets another one.
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, LOOK_EVERY_MS);
