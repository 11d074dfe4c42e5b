/** What lies in a folder of backups. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "./backup-sets/manifest.ts";
import { compareSet, readManifest } from "./backup-sets/open-set.ts";
import { compareSetNames, momentOfSetName } from "./backup-sets/set-name.ts";
import { UnusableSet } from "./backup-sets/unusable-set.ts";

/** A folder that has the name of a set. */
export type ListedSet =
  | { readonly name: string; readonly momentMs: number; readonly manifest: Manifest; readonly problem?: undefined }
  | { readonly name: string; readonly momentMs: number; readonly manifest?: undefined; readonly problem: UnusableSet };

export interface ListSetsOptions {
  /** Reads every byte and compares the digests, instead of the manifests alone. Default: false. */
  readonly compare?: boolean;
}

/** The sets, the oldest first. What has another name is none, whatever it is; without a folder there are none. */
export async function listSets(directory: string, { compare = false }: ListSetsOptions = {}): Promise<ListedSet[]> {
  const sets: ListedSet[] = [];
  for (const name of (await namesIn(directory)).filter((found) => momentOfSetName(found) !== undefined).sort(compareSetNames)) {
    const folder = join(directory, name);
    const momentMs = momentOfSetName(name) ?? 0;
    try {
      sets.push({ name, momentMs, manifest: await (compare ? compareSet(folder, name) : readManifest(folder, name)) });
    } catch (problem) {
      if (!(problem instanceof UnusableSet)) throw problem;
      sets.push({ name, momentMs, problem });
    }
  }
  return sets;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
