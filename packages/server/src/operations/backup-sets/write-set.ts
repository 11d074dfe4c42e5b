/** Making a set: under a name that nobody takes for a set, and renamed when it is whole and was read back. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileOf, MANIFEST_FILE, type Manifest, type ManifestFile, type SetPart, writeManifest } from "./manifest.ts";
import { createSetName, isUnfinished, unfinishedName } from "./set-name.ts";
import { type Encryption, writeSetFile } from "./write-set-file.ts";

/** A set in the making. */
export interface SetWriter {
  readonly name: string;
  /** The folder until it has its name. */
  readonly folder: string;
  /** Writes one of its files; each once. */
  write(part: SetPart, source: AsyncIterable<Uint8Array>): Promise<ManifestFile>;
  /** Writes the manifest; from here on nothing but the name is missing. */
  describe(manifest: Manifest): Promise<void>;
  /** Gives it its name, for good. */
  publish(): Promise<void>;
  /** Removes what there is of it, unless it was published. */
  abandon(): Promise<void>;
}

/**
 * Begins a set in a folder that exists, and removes what killed makers have left there. Nobody else may be making one.
 *
 * @param momentMs of the record, since the epoch.
 * @throws the error of the file system.
 */
export async function beginSet(directory: string, momentMs: number, encryption: Encryption | undefined): Promise<SetWriter> {
  const found = new Set(await readdir(directory));
  for (const leftover of [...found].filter(isUnfinished)) await rm(join(directory, leftover), { recursive: true, force: true });
  const name = createSetName(momentMs, (taken) => found.has(taken));
  const folder = join(directory, unfinishedName(name, randomBytes(4).toString("hex")));
  await mkdir(folder, { mode: 0o700 });
  let isPublished = false;
  return {
    name,
    folder,
    write: (part, source) => writeSetFile(folder, fileOf(part, encryption === undefined ? "none" : "age"), source, encryption),
    async describe(manifest) {
      await writeFile(join(folder, MANIFEST_FILE), writeManifest(manifest), { flag: "wx", mode: 0o600, flush: true });
      await syncFolder(folder);
    },
    async publish() {
      await rename(folder, join(directory, name));
      isPublished = true;
      await syncFolder(directory);
    },
    async abandon() {
      if (!isPublished) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes what was created or renamed in it outlive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
