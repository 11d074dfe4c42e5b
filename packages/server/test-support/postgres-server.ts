/** A PostgreSQL server of its own for a test: started, stopped, frozen and killed at will. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { freezeProcesses, killProcess, thawProcesses } from "./process-signals.ts";

/** Debian and its like put each version in a folder of its own, which is not on the PATH. */
const DEBIAN = "/usr/lib/postgresql";
const START_TIMEOUT_MS = 30_000;

export interface PostgresServer {
  readonly url: string;
  /** Where its files are. */
  readonly dataFolder: string;
  /** Stops every process of the server where it stands (SIGSTOP), and lets it go on. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL to every process of the server; its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same files and port. */
  restart(): Promise<void>;
  /** Ends it for good and removes its files. */
  remove(): Promise<void>;
}

/** Starts a server on a free port with `fsync` on. @throws with instructions when PostgreSQL is not installed. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const binaries = findBinaries();
  const directory = mkdtempSync(join(tmpdir(), "rag-postgres-"));
  const asOwner = ownerOf(directory);
  const data = join(directory, "data");
  run(asOwner(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]));
  const port = await freePort();
  let server = await launch();

  async function launch(): Promise<ChildProcess> {
    const [command, ...args] = asOwner(join(binaries, "postgres"), ["-D", data, "-p", String(port), "-k", "", "-c", "listen_addresses=127.0.0.1"]);
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], cwd: directory });
    let log = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`PostgreSQL did not start:\n${log}`)), START_TIMEOUT_MS);
      child.once("exit", (code) => reject(new Error(`PostgreSQL ended with code ${code}:\n${log}`)));
      child.stderr.on("data", (data: Buffer) => {
        log += data.toString();
        if (!log.includes("ready to accept connections")) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return child;
  }

  const kill = (): Promise<void> => killProcess(server, processesOf(server));

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    dataFolder: data,
    freeze: () => freezeProcesses(processesOf(server)),
    thaw: () => thawProcesses(processesOf(server)),
    kill,
    async restart() {
      server = await launch();
    },
    async remove() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function findBinaries(): string {
  const found = installedBinaries();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    run(["apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "postgresql"]);
    const installed = installedBinaries();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "These tests need PostgreSQL. Install it (Debian: apt-get install postgresql; macOS: brew install postgresql) and put initdb on the PATH.",
  );
}

function installedBinaries(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(DEBIAN, version, "bin")), ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

type Command = readonly [string, ...string[]];

/** PostgreSQL refuses to run as root; root hands the folder and the processes to the user `postgres`, which the package creates. */
function ownerOf(directory: string): (command: string, args: readonly string[]) => Command {
  if (process.getuid?.() !== 0) return (command, args) => [command, ...args];
  const id = (kind: "-u" | "-g"): string => execFileSync("id", [kind, "postgres"], { encoding: "utf8" }).trim();
  const [uid, gid] = [id("-u"), id("-g")];
  chownSync(directory, Number(uid), Number(gid));
  return (command, args) => ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", command, ...args];
}

function run([command, ...args]: Command): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], cwd: tmpdir() });
}

/** The server's first process and the ones it has forked. */
function processesOf({ pid }: ChildProcess): number[] {
  const children = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
  return [pid, ...children].filter((found) => found !== undefined);
}
