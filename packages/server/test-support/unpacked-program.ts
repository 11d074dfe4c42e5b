/** A program that a test needs, from Debian's packages of it where it is not installed: unpacked beside our own tools, without root and without starting a service. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

const TOOLCHAIN = resolve(import.meta.dirname, "../../../.toolchain");

/**
 * @param folder below `.toolchain`, where the packages are unpacked, all at once.
 * @param packages names of Debian's packages.
 * @param installation what installs it elsewhere, such as `brew install prometheus`.
 * @returns the path of the program.
 * @throws with instructions when it is not there and cannot be had.
 */
export function findUnpackedProgram(
  name: string,
  { folder, packages, installation }: { readonly folder: string; readonly packages: readonly [string, ...string[]]; readonly installation: string },
): string {
  const unpacked = join(TOOLCHAIN, folder);
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", join(unpacked, "usr/bin")];
  const find = (): string | undefined => folders.map((each) => join(each, name)).find((path) => existsSync(path));
  const instructions = `These tests need ${name}. Install it (Debian: apt-get install ${packages.join(" ")}; macOS: ${installation}) and put it on the PATH.`;
  const found = find();
  if (found !== undefined) return found;
  if (existsSync("/usr/bin/apt-get")) {
    try {
      unpackPackages(unpacked, packages);
    } catch (cause) {
      throw new Error(`${instructions} Debian's could not be had (apt-get update may help).`, { cause });
    }
  }
  const path = find();
  if (path === undefined) throw new Error(instructions);
  return path;
}

/** In a folder of its own first: another test may be doing the same at this moment. */
function unpackPackages(unpacked: string, packages: readonly string[]): void {
  mkdirSync(dirname(unpacked), { recursive: true });
  const folder = mkdtempSync(`${unpacked}-`);
  const run = (program: string, ...args: string[]): Buffer => execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  try {
    run("apt-get", "download", ...packages);
    for (const file of readdirSync(folder)) run("dpkg-deb", "--extract", file, ".");
    renameSync(folder, unpacked);
  } catch (error) {
    rmSync(folder, { recursive: true });
    // Perhaps the other one was quicker.
    if (!existsSync(unpacked)) throw error;
  }
}
