/** Walks a folder in a stable order and tells what in it could be a document. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { syntaxOf } from "./document-syntax.ts";
import { describeSystemError } from "./file-errors.ts";

/** What was passed over, and how often. */
export interface IgnoredCounts {
  /** Files and folders whose name begins with a dot, `node_modules`, and the folder that is excluded. */
  hidden: number;
  /** Files whose name is not that of a document. */
  unsupported: number;
  /** Symbolic links, wherever they lead. */
  links: number;
}

/** `path` is relative to the folder, with `/` as separator. */
export type WalkedItem =
  | { readonly kind: "document" | "special"; readonly path: string }
  | { readonly kind: "unlisted"; readonly path: string; readonly reason: string };

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly excluded?: string | undefined;
  readonly reserved?: string | undefined;
}

/**
 * Everything below `root` that could be a document, by its name, in the order of the code units of its path.
 * Symbolic links are never followed, so the walk ends and stays inside. Names are told as the file system has them, not brought
 * to one Unicode form: only so do they open again, and two files that differ in nothing else stay two.
 *
 * @param root absolute path.
 * @param ignored is counted up.
 * @param options.excluded absolute path of a folder that is passed over with all in it.
 * @param options.reserved name of a folder of `root` that is not listed, whatever is in it.
 * @throws the system error when `root` itself cannot be listed.
 */
export async function* walkFolder(
  root: string,
  ignored: IgnoredCounts,
  { signal, excluded, reserved }: WalkOptions = {},
): AsyncGenerator<WalkedItem, void, void> {
  const open = [{ path: "", entries: await listFolder(root, ignored), next: 0 }];
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    const entry = folder.entries[folder.next];
    if (entry === undefined) {
      open.pop();
      continue;
    }
    folder.next += 1;
    const path = folder.path === "" ? entry.name : `${folder.path}/${entry.name}`;
    if (!entry.isDirectory()) {
      yield { kind: entry.isFile() ? "document" : "special", path };
      continue;
    }
    signal?.throwIfAborted();
    if (join(root, path) === excluded) {
      ignored.hidden += 1;
      continue;
    }
    if (path === reserved) {
      yield { kind: "unlisted", path, reason: "the name of this folder is reserved for what is uploaded; rename it to have it read" };
      continue;
    }
    try {
      open.push({ path, entries: await listFolder(join(root, path), ignored), next: 0 });
    } catch (error) {
      const reason = describeSystemError(error);
      if (reason === undefined) throw error;
      yield { kind: "unlisted", path, reason };
    }
  }
}

/** Names that are passed over, of files and folders alike. */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** The folders and possible documents of one folder, sorted so that whole paths come out sorted. */
async function listFolder(folder: string, ignored: IgnoredCounts): Promise<Dirent[]> {
  const kept: { readonly key: string; readonly entry: Dirent }[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isHiddenName(entry.name)) ignored.hidden += 1;
    else if (entry.isSymbolicLink()) ignored.links += 1;
    // The separator takes part in the order: `a-b.md` comes before `a/b.md`.
    else if (entry.isDirectory()) kept.push({ key: `${entry.name}/`, entry });
    else if (syntaxOf(entry.name) === undefined) ignored.unsupported += 1;
    else kept.push({ key: entry.name, entry });
  }
  kept.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return kept.map(({ entry }) => entry);
}
