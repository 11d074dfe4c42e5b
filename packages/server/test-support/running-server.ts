/** Starts the real server as its own process, as a user would, and tells when it is ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPILED_ONCE } from "./cache-folder.ts";
import { copyEmptyDatabase } from "./empty-database.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const START_TIMEOUT_MS = 60_000;

export interface RunningServer {
  readonly address: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** Everything written so far to standard output and to standard error. */
  output(): string;
  secrets(): Promise<{ apiKey: string; secretKey: string; adminPassword: string }>;
  /** Resolves with the exit code once the process is gone by itself. */
  readonly exited: Promise<number | null>;
  /** Sends the signal and resolves with the exit code once the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A data directory of its own, removed by `remove`. */
export async function temporaryDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "rag-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Settings of the server. */
export interface ServerEnvironment {
  DATA_DIR: string;
  [name: string]: string;
}

export interface LaunchOptions {
  /** Whether a new folder is given a copy of an empty database, or the server creates one, as it does for users. Default: true. */
  readonly hasDatabase?: boolean;
}

/** Runs the server until it printed that it is ready. @throws with its output when it ends before. */
export async function startServer(environment: ServerEnvironment, options?: LaunchOptions): Promise<RunningServer> {
  const server = launchServer(environment, options);
  await server.started;
  return server;
}

/** Launches the server without waiting. `started` resolves when it is ready and rejects when it ends before. */
export function launchServer(
  environment: ServerEnvironment,
  { hasDatabase = true }: LaunchOptions = {},
): RunningServer & { readonly started: Promise<void> } {
  if (hasDatabase) copyEmptyDatabase(environment);
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      NODE_ENV: "test",
      PORT: "0",
      BACKUP_DIR: join(environment.DATA_DIR, "backups"),
      ...COMPILED_ONCE,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const started = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${START_TIMEOUT_MS} ms:\n${output}`)), START_TIMEOUT_MS);
    const onData = (data: Buffer): void => {
      output += data.toString();
      if (output.includes("In use:")) {
        clearTimeout(timer);
        resolve();
      }
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with code ${code}:\n${output}`));
    });
  });
  // A caller that never waits for the start must not turn its failure into an unhandled rejection.
  started.catch(() => {});
  return {
    started,
    exited,
    process: child,
    dataDir: environment.DATA_DIR,
    get address() {
      const address = /is ready at (http:\S+)/.exec(output)?.[1];
      if (address === undefined) throw new Error(`the server has not said where it listens:\n${output}`);
      return address;
    },
    output: () => output,
    async secrets() {
      return JSON.parse(await readFile(join(environment.DATA_DIR, "secrets.json"), "utf8"));
    },
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return await exited;
    },
  };
}
