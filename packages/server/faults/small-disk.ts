/** A disk of a few megabytes, which a row can fill. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../test-support/running-server.ts";
import type { CleanUp } from "./clean-up.ts";

export interface SmallDisk {
  readonly path: string;
  /** Takes all the room there is. */
  fill(): void;
  /** Gives it back. */
  empty(): void;
  /** Lets nothing be written, or lets it again. Nobody may have a file open for writing there. */
  setReadOnly(isReadOnly: boolean): void;
}

const BLOCK = Buffer.alloc(65_536);
const SMALL_BLOCK_BYTES = 512;

/** Undefined where this process may not mount one: that takes Linux and root. */
export async function mountSmallDisk(megabytes: number, cleanUp: CleanUp): Promise<SmallDisk | undefined> {
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder.path], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  cleanUp.add(async () => execFileSync("umount", ["--lazy", folder.path]));
  const ballast = join(folder.path, "ballast");
  return {
    path: folder.path,
    fill() {
      const file = openSync(ballast, "a");
      for (let size = BLOCK.length; size >= SMALL_BLOCK_BYTES; size /= 2) fillWith(file, BLOCK.subarray(0, size));
      closeSync(file);
    },
    empty: () => rmSync(ballast, { force: true }),
    setReadOnly: (isReadOnly) => void execFileSync("mount", ["-o", `remount,${isReadOnly ? "ro" : "rw"}`, folder.path]),
  };
}

function fillWith(file: number, block: Buffer): void {
  try {
    while (writeSync(file, block) === block.length);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
