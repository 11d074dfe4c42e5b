/** Writing a small file so that it is there whole or not at all, whatever is killed or loses power meanwhile. */
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces the file's content and resolves once it is on the disk. The file is readable by its owner alone (0600).
 *
 * @param owner whose it is to be. Default: this process' user. Only root may give a file away.
 * @throws the file system's error; the earlier content is then still in place.
 */
export async function writeDurably(path: string, content: string, owner?: { readonly uid: number; readonly gid: number }): Promise<void> {
  const temporary = `${path}.new`;
  // A leftover of a killed process may have other permissions, and `open` would keep them.
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o600);
  try {
    await fill();
    await rename(temporary, path);
  } catch (error) {
    // On a full disk every attempt would leave one.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));

  async function fill(): Promise<void> {
    try {
      if (owner !== undefined && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Makes what was created, renamed or removed in a folder outlive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
