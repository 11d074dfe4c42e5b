/** Runs the launcher as its own process, as a supervisor would, and follows what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { COMPILED_ONCE } from "./cache-folder.ts";
import { copyEmptyDatabase } from "./empty-database.ts";

const LAUNCHER = join(import.meta.dirname, "../../../scripts/serve.mjs");
const SAYING_TIMEOUT_MS = 60_000;

export interface LaunchedServer {
  readonly address: string;
  /** The launcher. */
  readonly process: ChildProcess;
  /** Everything written so far by the launcher and its servers. */
  output(): string;
  /** The process number in the newest line "server N is serving". */
  servingProcess(): number | undefined;
  /** Resolves with the match as soon as the output from `from` on holds the pattern. @throws with the output when it takes too long. */
  said(pattern: RegExp, from?: number): Promise<RegExpExecArray>;
  /** Has the server replaced, and resolves with the milliseconds until the next one serves. */
  replace(): Promise<number>;
  apiKey(): Promise<string>;
  /** Signals the launcher and resolves with its exit code, or the signal it died of. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Starts the launcher. Resolves when it holds its socket. */
export async function startLauncher(environment: { DATA_DIR: string; [name: string]: string }, launcher: string = LAUNCHER): Promise<LaunchedServer> {
  // Behind a launcher of a test's own there are programs that need none.
  if (launcher === LAUNCHER) copyEmptyDatabase(environment);
  const child = spawn(process.execPath, [launcher], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_ENV: "test", PORT: "0", ...COMPILED_ONCE, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const readers = new Set<() => void>();
  const onData = (data: Buffer): void => {
    output += data.toString();
    for (const read of readers) read();
  };
  child.stdout.on("data", onData);
  child.stderr.on("data", onData);
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));

  async function said(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const timer = setTimeout(() => reject(new Error(`the launcher did not say ${pattern}:\n${output}`)), SAYING_TIMEOUT_MS);
    const read = (): void => {
      const match = pattern.exec(output.slice(from));
      if (match !== null) resolve(match);
    };
    readers.add(read);
    read();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      readers.delete(read);
    }
  }

  const [, address = ""] = await said(/serve: process \d+ holds (\S+)\n/);
  return {
    address: `http://${address}`,
    process: child,
    output: () => output,
    servingProcess() {
      const pid = [...output.matchAll(/server (\d+) is serving/g)].at(-1)?.[1];
      return pid === undefined ? undefined : Number(pid);
    },
    said,
    async replace() {
      const from = output.length;
      const startedAt = performance.now();
      child.kill("SIGHUP");
      await said(/is serving/, from);
      return performance.now() - startedAt;
    },
    async apiKey() {
      return JSON.parse(await readFile(join(environment.DATA_DIR, "secrets.json"), "utf8")).apiKey;
    },
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return await exited;
    },
  };
}
