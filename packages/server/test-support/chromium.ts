/** A real browser for tests of pages: Debian's Chromium, driven by Playwright. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Lists of packages have a lock of their own, for which apt does not wait. */
const UPDATE = ["flock", join(tmpdir(), "apt-get-update.lock"), "apt-get", "update"] as const;
const INSTALL = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", "chromium"] as const;

/** Close it after the tests. */
export async function startChromium(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  // Its sandbox does not work for root, who runs the tests in a container.
  return await chromium.launch({ executablePath: findBinary(isRoot), args: isRoot ? ["--no-sandbox"] : [] });
}

function findBinary(isRoot: boolean): string {
  const found = installedBinary();
  if (found !== undefined) return found;
  if (isRoot && existsSync("/usr/bin/apt-get")) {
    for (const [command, ...args] of [UPDATE, INSTALL]) execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const installed = installedBinary();
    if (installed !== undefined) return installed;
  }
  throw new Error("These tests need Chromium. Install it (Debian: apt-get install chromium) and put chromium on the PATH.");
}

function installedBinary(): string | undefined {
  return ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)].map((folder) => join(folder, "chromium")).find((path) => existsSync(path));
}
