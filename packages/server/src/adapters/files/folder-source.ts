/** A folder of files as a source of documents. */
import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type DocumentSource, RagError, type SourceEntry, type SourceFailure, UnprocessableDocument } from "@rag-personal/core";
import { createDocumentReader, type DocumentReaderOptions } from "./document-reader.ts";
import { syntaxOf } from "./document-syntax.ts";
import { describeSystemError } from "./file-errors.ts";
import { hashFile, openRegularFile, readUnchanged } from "./regular-file.ts";
import { type IgnoredCounts, isHiddenName, type WalkedItem, walkFolder } from "./walk-folder.ts";

/** Options of {@link createFolderSource}. */
export interface FolderSourceOptions extends DocumentReaderOptions {
  /** Folder that is read, with all folders in it; may itself be a symbolic link. */
  readonly folder: string;
  /** Larger files are set aside. */
  readonly maxFileBytes: number;
  /** More documents than this, and nothing is listed. */
  readonly maxFiles: number;
  /** Absolute path of a folder that is never read, such as the server's own data with its secrets. */
  readonly exclude?: string | undefined;
  /** Name of a folder directly below whose paths belong to another source: it is not read, and that is told as a failure. */
  readonly reservedFolder?: string | undefined;
  /** Told at the end of each listing what was passed over, for the log. */
  readonly onIgnored?: ((counts: Readonly<IgnoredCounts>) => void) | undefined;
}

/** A {@link DocumentSource} that keeps a process for conversions. */
export interface FolderSource extends DocumentSource {
  /** Ends that process; to be called once nothing is read any more. */
  close(): Promise<void>;
}

/** Files that are being hashed while one is handed over: with 8 a listing takes two thirds of the time it takes one by one. */
const FILES_AHEAD = 8;

/**
 * Lists and reads the documents of a folder. A path is the file system's own, below the folder, with `/` as separator, and comes
 * in the order of its code units. Hidden files and folders, `node_modules`, symbolic links and files with other extensions are
 * passed over; a pipe, socket or device with the name of a document is a failure.
 *
 * @example
 * const source = createFolderSource({ folder: "notes", maxFileBytes: 52_428_800, maxFiles: 100_000, timers });
 * for await (const entry of source.list()) if (entry.kind === "file") console.log(await source.read(entry));
 * await source.close();
 */
export function createFolderSource(options: FolderSourceOptions): FolderSource {
  const { folder, maxFileBytes, maxFiles, reservedFolder, onIgnored } = options;
  const reservedPrefix = reservedFolder === undefined ? undefined : `${reservedFolder}/`;
  const reader = createDocumentReader(options);

  async function* list(signal?: AbortSignal): AsyncGenerator<SourceEntry | SourceFailure, void, void> {
    const root = await resolveRoot(folder);
    const ignored: IgnoredCounts = { hidden: 0, unsupported: 0, links: 0 };
    const ahead: Promise<SourceEntry | SourceFailure>[] = [];
    let files = 0;
    try {
      for await (const item of walkFolder(root, ignored, { signal, excluded: await resolveExcluded(options.exclude), reserved: reservedFolder })) {
        signal?.throwIfAborted();
        if (item.kind !== "unlisted") files += 1;
        if (files > maxFiles) {
          throw new RagError("payload_too_large", `The documents folder holds more than ${maxFiles} documents (MAX_FILES). Nothing was changed.`);
        }
        const entry = entryOf(root, item, signal);
        // Its failure is told when its turn comes, or not at all when the listing is given up before.
        entry.catch(() => undefined);
        ahead.push(entry);
        if (ahead.length > FILES_AHEAD) yield* await takeFirst(ahead);
      }
      while (ahead.length > 0) yield* await takeFirst(ahead);
    } catch (error) {
      throw describeSystemError(error) === undefined ? error : unusableFolder(folder, error);
    } finally {
      // A listing that is given up leaves no file open.
      await Promise.allSettled(ahead);
    }
    onIgnored?.(ignored);
  }

  async function entryOf(root: string, item: WalkedItem, signal: AbortSignal | undefined): Promise<SourceEntry | SourceFailure> {
    const { path } = item;
    if (item.kind === "unlisted") return { kind: "failure", path, scope: "folder", stage: "read", reason: item.reason };
    try {
      if (!path.isWellFormed()) throw new UnprocessableDocument("read", "its name is not valid Unicode; rename it");
      const file = await openRegularFile(root, path);
      try {
        return { kind: "file", path, ...(await hashFile(file, { maxBytes: maxFileBytes, signal })) };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!(error instanceof UnprocessableDocument)) throw error;
      return { kind: "failure", path, scope: "file", stage: error.stage, reason: error.message };
    }
  }

  return {
    pathPrefix: "",
    foreignPrefix: reservedPrefix,
    list,
    async read({ path }, signal) {
      const syntax = syntaxOf(path.slice(path.lastIndexOf("/") + 1));
      const isReserved = reservedPrefix !== undefined && path.startsWith(reservedPrefix);
      if (syntax === undefined || isReserved || !isListablePath(path)) throw new UnprocessableDocument("read", "it is not a document of this folder");
      const root = await resolveRoot(folder);
      const excluded = await resolveExcluded(options.exclude);
      if (excluded !== undefined && isWithin(excluded, join(root, path)))
        throw new UnprocessableDocument("read", "it is not a document of this folder");
      const { bytes, ...digest } = await readUnchanged(() => openRegularFile(root, path), { maxBytes: maxFileBytes, signal });
      return { ...digest, ...(await reader.read({ path, syntax, bytes }, signal)) };
    },
    close: () => reader.close(),
  };
}

/** As the walk meets it: links in the path to it resolved. */
async function resolveExcluded(folder: string | undefined): Promise<string | undefined> {
  return folder === undefined ? undefined : await realpath(folder).catch(() => folder);
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}

async function takeFirst<T>(queue: Promise<T>[]): Promise<T[]> {
  const first = queue.shift();
  return first === undefined ? [] : [await first];
}

/** Whether a listing could have named this path. */
function isListablePath(path: string): boolean {
  return path.isWellFormed() && !path.includes("\0") && path.split("/").every((name) => name !== "" && !isHiddenName(name));
}

async function resolveRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if (!(await stat(root)).isDirectory()) throw unusableFolder(folder);
    return root;
  } catch (error) {
    throw describeSystemError(error) === undefined ? error : unusableFolder(folder, error);
  }
}

/** The path is for the log: clients read the message in the job that fails by it. */
function unusableFolder(folder: string, cause: unknown = new Error(`${folder} is no folder`)): RagError {
  const message = "The documents folder cannot be read. Set DOCS_DIR to an existing folder that the server may read. Nothing was changed.";
  return new RagError("not_ready", message, { cause });
}
