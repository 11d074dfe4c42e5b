/** A program that a test needs, from Debian's package of it where it is not installed. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @returns the path of the program. @throws with instructions when it cannot be installed. */
export function findProgram(name: string): string {
  const found = installed(name);
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const command = "/usr/bin/apt-get";
    const install = ["-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", name];
    execFileSync(command, install, { stdio: ["ignore", "ignore", "pipe"] });
    const path = installed(name);
    if (path !== undefined) return path;
  }
  throw new Error(`These tests need ${name}. Install it (Debian: apt-get install ${name}; macOS: brew install ${name}) and put it on the PATH.`);
}

function installed(name: string): string | undefined {
  return ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)].map((folder) => join(folder, name)).find((path) => existsSync(path));
}
