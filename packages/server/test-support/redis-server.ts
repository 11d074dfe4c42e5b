/** A Redis server of its own for a test: started, stopped, frozen and killed at will. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { freezeProcesses, killProcess, pidsOf, thawProcesses } from "./process-signals.ts";

const START_TIMEOUT_MS = 30_000;
const INSTALL = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "redis-server"] as const;
/** What a careful operator sets: with the saves that are Redis' default, a kill loses everything since the last one. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Stops the process where it stands, which it does when this returns, and lets it go on. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL; its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same files and port. Resolves when the process listens, which it does while it still loads its data. */
  restart(extraArguments?: readonly string[]): Promise<void>;
  /** Ends it for good and removes its files. */
  remove(): Promise<void>;
}

/**
 * Starts a server on a free port.
 *
 * @param extraArguments of `redis-server`, such as `["--requirepass", "secret"]`.
 * @throws with instructions when Redis is not installed.
 */
export async function startRedisServer(extraArguments: readonly string[] = []): Promise<RedisServer> {
  const binary = findBinary();
  const directory = mkdtempSync(join(tmpdir(), "rag-redis-"));
  const port = await freePort();
  let server = await launch(extraArguments);

  async function launch(extra: readonly string[]): Promise<ChildProcess> {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, ...DURABLE, ...extra];
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], cwd: directory });
    let log = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Redis did not start:\n${log}`)), START_TIMEOUT_MS);
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`Redis ended with code ${code}:\n${log}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (data: Buffer) => {
          log += data.toString();
          // Logged once the socket listens, before the data are loaded.
          if (!log.includes("Server initialized")) return;
          clearTimeout(timer);
          resolve();
        });
      }
    });
    return child;
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    freeze: () => freezeProcesses(pidsOf(server)),
    thaw: () => thawProcesses(pidsOf(server)),
    kill: () => killProcess(server),
    async restart(extra = extraArguments) {
      await killProcess(server);
      server = await launch(extra);
    },
    async remove() {
      await killProcess(server);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function findBinary(): string {
  const found = installedBinary();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const [command, ...args] = INSTALL;
    execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const installed = installedBinary();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "These tests need Redis. Install it (Debian: apt-get install redis-server; macOS: brew install redis) and put redis-server on the PATH.",
  );
}

function installedBinary(): string | undefined {
  return ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)].map((folder) => join(folder, "redis-server")).find((path) => existsSync(path));
}
