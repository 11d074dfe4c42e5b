/** The thread of one model: ONNX Runtime computes synchronously and would hold up every request. */
import { parentPort, workerData } from "node:worker_threads";
import { UnusableModel } from "./load-model.ts";
import { type ThreadMessage, threadSetup, workMessage } from "./messages.ts";
import { openModel, type RunnableModel } from "./run-model.ts";

function say(message: ThreadMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function work(model: RunnableModel, raw: unknown): Promise<void> {
  const { id, ...asked } = workMessage.parse(raw);
  try {
    const values = await model.run(asked);
    say({ type: "done", id, values }, [values.buffer]);
  } catch (error) {
    say({ type: "refused", id, reason: error instanceof Error ? error.message : String(error) });
  }
}

try {
  const model = await openModel(threadSetup.parse(workerData));
  parentPort?.on("message", (raw) => void work(model, raw));
  say({ type: "loaded", facts: model.facts });
} catch (error) {
  if (!(error instanceof UnusableModel)) throw error;
  say({ type: "unusable", reason: error.message });
}
