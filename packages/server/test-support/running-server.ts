/** Starts the real server as its own process, as a user would, and tells when it is ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPILED_ONCE } from "./cache-folder.ts";
import { copyEmptyDatabase } from "./empty-database.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const START_TIMEOUT_MS = 60_000;
const LOOK_MS = 50;

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
  /** A file for both outputs, in place of pipes; it may lie where there is no room. */
  readonly outputFile?: string;
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
  { hasDatabase = true, outputFile }: LaunchOptions = {},
): RunningServer & { readonly started: Promise<void> } {
  if (hasDatabase) copyEmptyDatabase(environment);
  const file = outputFile === undefined ? undefined : openSync(outputFile, "a");
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
    stdio: file === undefined ? ["ignore", "pipe", "pipe"] : ["ignore", file, file],
  });
  let piped = "";
  const output = (): string => (outputFile === undefined ? piped : readFileSync(outputFile, "utf8"));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const started = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${START_TIMEOUT_MS} ms:\n${output()}`)), START_TIMEOUT_MS);
    const look = (): void => {
      if (!output().includes("In use:")) return;
      clearTimeout(timer);
      clearInterval(looking);
      resolve();
    };
    const onData = (data: Buffer): void => {
      piped += data.toString();
      look();
    };
    const looking = file === undefined ? undefined : setInterval(look, LOOK_MS);
    child.stdout?.on("data", onData);
    child.stderr?.on("data", onData);
    void exited.then((code) => {
      clearTimeout(timer);
      clearInterval(looking);
      if (file !== undefined) closeSync(file);
      reject(new Error(`the server ended with code ${code}:\n${output()}`));
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
      const address = /is ready at (http:\S+)/.exec(output())?.[1];
      if (address === undefined) throw new Error(`the server has not said where it listens:\n${output()}`);
      return address;
    },
    output,
    async secrets() {
      return JSON.parse(await readFile(join(environment.DATA_DIR, "secrets.json"), "utf8"));
    },
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return await exited;
    },
  };
}
