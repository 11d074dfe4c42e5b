/** Everything below a folder as one text: to be compared with what it is later. */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Name, permissions, time of change and digest of every file. */
export async function folderDigest(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs, ino } = await lstat(path);
    const digest = entry.isFile()
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : "";
    lines.push([path, mode, mtimeMs, ino, digest].join(" "));
  }
  return lines.sort().join("\n");
}
