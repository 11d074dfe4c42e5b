/** The runtimes the package is tried in: Node, Deno and Bun from npm, and Debian's Chromium. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Outside of the repository, so that a checkout stays small and the next one finds them. */
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "rag-personal", "runtimes");

const PLATFORM = `${process.platform}-${process.arch}`;

/** Programs that run JavaScript, as npm has them: the newest of each when this was written. */
const RUNTIMES = {
  "Node 20": { name: `node-${PLATFORM}`, version: "20.20.2", file: "bin/node", args: [] },
  "Node 22": { name: `node-${PLATFORM}`, version: "22.23.3", file: "bin/node", args: [] },
  "Node 24": { name: `node-${PLATFORM}`, version: "24.21.0", file: "bin/node", args: [] },
  Deno: { name: "@deno/linux-x64-glibc", version: "2.9.6", file: "deno", args: ["run", "--quiet", "--allow-net", "--node-modules-dir=manual"] },
  Bun: { name: "@oven/bun-linux-x64", version: "1.4.5", file: "bin/bun", args: ["run"] },
} as const;

export type RuntimeName = keyof typeof RUNTIMES;

/** The command that runs a program in it; installed from npm when it is not there yet. */
export async function commandOf(runtime: RuntimeName): Promise<readonly [string, ...string[]]> {
  const { name, version, file, args } = RUNTIMES[runtime];
  const folder = join(CACHE, `${runtime.replace(" ", "-").toLowerCase()}-${version}`);
  const path = join(folder, "node_modules", name, file);
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await run("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", `${name}@${version}`]);
  }
  return [path, ...args];
}

const NAMES: readonly string[] = ["chromium", "chromium-browser", "google-chrome"];

async function findBrowser(): Promise<string | undefined> {
  for (const name of NAMES) {
    const found = await run("which", [name]).catch(() => undefined);
    if (found !== undefined) return found.stdout.trim();
  }
  return undefined;
}

/** Path of a Chromium; installed where Debian's packages are at hand. @throws with what to do where they are not. */
async function browserPath(): Promise<string> {
  const found = await findBrowser();
  if (found !== undefined) return found;
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (mayInstall) {
    // Lists of packages have a lock of their own, for which apt does not wait.
    await run("flock", [join(tmpdir(), "apt-get-update.lock"), "apt-get", "update"]);
    await run("apt-get", ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", "chromium"]);
  }
  const installed = await findBrowser();
  if (installed === undefined) throw new Error("This test needs Chromium. Install it, on Debian with: apt-get install chromium");
  return installed;
}

/** Has the page open while `work` runs. */
export async function withPage<T>(url: string, work: () => Promise<T>): Promise<T> {
  const path = await browserPath();
  const profile = await mkdtemp(join(tmpdir(), "rag-chromium-"));
  const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", `--user-data-dir=${profile}`];
  // A group of its own, so that its many processes end together.
  const browser = spawn(path, [...options, url], { stdio: "ignore", detached: true });
  const exited = new Promise<void>((resolve) => browser.once("exit", () => resolve()));
  const gone = exited.then(() => Promise.reject(new Error("Chromium ended before the page did.")));
  try {
    return await Promise.race([work(), gone]);
  } finally {
    gone.catch(() => {});
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, "SIGKILL");
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
