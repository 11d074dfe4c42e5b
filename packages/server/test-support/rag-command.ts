/** Runs the `rag` command as its own process, as an operator would. */
import { execFile } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../src/cli/main.mjs");

export interface RagResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runRag(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<RagResult> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"], ...environment } }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
