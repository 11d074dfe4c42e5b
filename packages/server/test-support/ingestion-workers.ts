/** Worker processes (`rag worker`), as an operator starts them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { COMPILED_ONCE } from "./cache-folder.ts";

const RAG = join(import.meta.dirname, "../src/cli/main.mjs");
const START_TIMEOUT_MS = 30_000;

export interface RunningWorker {
  readonly process: ChildProcess;
  output(): string;
  /** Sends the signal and resolves with the exit code once the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Runs until it has said that it is ready. @throws with its output when it ends before. */
export async function startWorker(environment: Readonly<Record<string, string>>): Promise<RunningWorker> {
  const child = spawn(process.execPath, [RAG, "worker"], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_ENV: "test", ...COMPILED_ONCE, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the worker is not ready:\n${output}`)), START_TIMEOUT_MS);
    child.once("exit", (code) => reject(new Error(`the worker ended with code ${code}:\n${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        output += data.toString();
        if (!output.includes("worker is ready")) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
  return {
    process: child,
    output: () => output,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
