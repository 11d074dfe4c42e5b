/**
 * Imported before the server (`node --import`): a thread that multiplies matrices without pause, as a model does that makes embeddings. It
 * stands for one wherever no model is at hand.
 */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const SIZE = 384;

function multiply(left: Float32Array, right: Float32Array, product: Float32Array): void {
  for (let row = 0; row < SIZE; row += 1) {
    for (let column = 0; column < SIZE; column += 1) {
      let sum = 0;
      for (let at = 0; at < SIZE; at += 1) sum += (left[row * SIZE + at] ?? 0) * (right[column * SIZE + at] ?? 0);
      product[row * SIZE + column] = sum;
    }
  }
}

// The other threads of the server import this file as well; only the one begun here is told to be busy.
if (isMainThread) new Worker(new URL(import.meta.url), { workerData: "busy", execArgv: [] }).unref();
else if (workerData === "busy") {
  // On Linux a thread has a priority of its own, by the number that the kernel knows it by.
  if (process.env["BENCH_NICE"] !== undefined) setPriority(Number(basename(readlinkSync("/proc/thread-self"))), Number(process.env["BENCH_NICE"]));
  const [left, right, product] = Array.from({ length: 3 }, () => Float32Array.from({ length: SIZE * SIZE }, (_, at) => (at % 17) / 17));
  while (left !== undefined && right !== undefined && product !== undefined) multiply(left, right, product);
}
