/** A Redis of our own for a drill: in memory alone, and reached by a password that nobody else has. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ExitError } from "../../exit-error.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const FOLDERS = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

export interface ScratchRedis {
  /** As in `REDIS_URL`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Undefined where there is no `redis-server`. */
export function findRedisServer(searchPath: string): string | undefined {
  return [...FOLDERS, ...searchPath.split(delimiter)].map((folder) => join(folder, "redis-server")).find((path) => existsSync(path));
}

/** @param folder to run in. @throws {ExitError} when it does not start. */
export async function startScratchRedis(program: string, port: number, folder: string): Promise<ScratchRedis> {
  const password = randomBytes(24).toString("hex");
  const child = spawn(program, ["-"], { stdio: ["pipe", "pipe", "pipe"], cwd: folder, env: {} });
  // Settings come by the standard input: a command line is seen by everybody.
  child.stdin.on("error", () => {});
  child.stdin.end(`bind 127.0.0.1\nport ${port}\nsave ""\nappendonly no\nrequirepass ${password}\n`);
  const { promise: started, resolve, reject } = Promise.withResolvers<void>();
  let log = "";
  const timer = setTimeout(() => reject(new Error(`not ready in time:\n${log}`)), START_TIMEOUT_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      log = (log + data.toString()).slice(-10_000);
      if (log.includes("Ready to accept connections")) resolve();
    });
  }
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`it ended with code ${code}:\n${log}`)));
  try {
    await started;
  } catch (cause) {
    await stop(child);
    throw new ExitError(`The scratch Redis did not start: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  return { url: `redis://:${password}@127.0.0.1:${port}`, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
