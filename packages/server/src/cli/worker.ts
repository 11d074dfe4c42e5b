/** `rag worker`: this process ingests files for the servers that share its PostgreSQL and Redis. */
import { runWorker } from "../composition/worker.ts";
import { readProcessConfig } from "../config.ts";
import { createProcessLog } from "../process-log.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";

export async function runWorkerCommand({ signal }: Pick<Context, "signal">): Promise<number> {
  const config = readProcessConfig();
  const stopping = new AbortController();
  process.once("SIGTERM", () => stopping.abort());
  await runWorker(config, { log: createProcessLog(config.LOG_LEVEL) }, AbortSignal.any([signal, stopping.signal]));
  return EXIT.ok;
}
