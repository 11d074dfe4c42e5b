/**
 * The process of one model. ONNX Runtime computes synchronously and would hold up every request; and native code that fails takes the
 * process that it runs in with it, whichever thread that may be.
 */
import { readdir, writeFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { UnusableModel } from "./load-model.ts";
import { modelSetup, type ProcessMessage, workMessage } from "./messages.ts";
import { openModel, type RunnableModel } from "./run-model.ts";

function say(message: ProcessMessage, onSaid = () => {}): void {
  process.send?.(message, undefined, {}, onSaid);
}

const rssBytes = () => process.memoryUsage.rss();

async function work(model: RunnableModel, raw: unknown): Promise<void> {
  const { id, ...asked } = workMessage.parse(raw);
  try {
    const values = await model.run(asked);
    say({ type: "done", id, values, rssBytes: rssBytes() });
  } catch (error) {
    say({ type: "refused", id, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Who only asks for what is known must not wait for the arithmetic. On Linux, each thread has a priority of its own. */
async function lowerPriority(): Promise<void> {
  for (const thread of await readdir("/proc/self/task").catch(() => [process.pid])) {
    try {
      setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function open(raw: unknown): Promise<void> {
  const setup = modelSetup.parse(raw);
  new Worker(new URL("./server-watch-worker.ts", import.meta.url), { workerData: setup.serverPid }).unref();
  try {
    const model = await openModel(setup);
    await lowerPriority();
    process.on("message", (raw) => void work(model, raw));
    say({ type: "loaded", facts: model.facts, rssBytes: rssBytes() });
  } catch (error) {
    if (!(error instanceof UnusableModel)) console.error(error);
    say({ type: "unusable", reason: error instanceof Error ? error.message : String(error) }, () => process.exit(1));
  }
}

// Linux without memory ends this process before the server's. Other systems have no such file.
await writeFile("/proc/self/oom_score_adj", "500").catch(() => {});
// The server stops its models when it has answered what it still owes; a terminal and systemd send these to all processes at once.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", (raw) => void open(raw));
