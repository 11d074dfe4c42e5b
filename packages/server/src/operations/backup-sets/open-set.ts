/** Opening a backup set: everything about it is checked before anybody gets to see a row of it. */
import { createHash, type Hash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  fileOf,
  MANIFEST_FILE,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type ManifestFile,
  parseManifest,
  type SetPart,
  UnreadableManifest,
} from "./manifest.ts";
import { type RecordPart, readRecord, UnreadableRecord } from "./record-reader.ts";
import { readSessionLines, type SessionEntry, UnreadableSessions } from "./session-lines.ts";
import { compareSetFile, type Decryption, openSetFile, readSetFile, type SetFile, toUnusable } from "./set-file.ts";
import { momentOfSetName } from "./set-name.ts";
import { UnusableSet } from "./unusable-set.ts";

export interface OpenSetOptions {
  /** Number of the last migration that this program has. */
  readonly knownSchemaVersion: number;
  /** Undefined: no key is at hand, and encrypted sets are refused as `sealed`. */
  readonly decryption?: Decryption | undefined;
  /** Told of the bytes of the record and the sessions checked so far, of all of them. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** A set that was found whole. Its files stay open until it is closed: what happens to the folder meanwhile is no matter. */
export interface OpenedSet {
  readonly name: string;
  readonly manifest: Manifest;
  /**
   * The tables with their rows, in the order of the manifest, checked once more on the way: nothing read counts before the end was. One reading
   * at a time.
   *
   * @throws UnusableSet when the file changed in the meantime.
   */
  readRecord(): AsyncIterable<RecordPart>;
  /** The same for the sessions; nothing when the set has none. */
  readSessions(): AsyncIterable<SessionEntry>;
  close(): Promise<void>;
}

/**
 * Opens a set and reads all of it once: names, sizes, digests, format, rows of each table, sessions.
 *
 * @param directory the folder of backups.
 * @param name of the set in it.
 * @throws UnusableSet for the first thing that is wrong.
 * @example
 * const set = await openSet("/backups", "2026-11-24T03-00-00Z", { knownSchemaVersion: 4 });
 */
export async function openSet(directory: string, name: string, options: OpenSetOptions): Promise<OpenedSet> {
  if (momentOfSetName(name) === undefined) throw new UnusableSet("no_set", { set: name, what: "has a name that no set has" });
  return await openSetFolder(join(directory, name), name, options);
}

/** The same for a set whose folder does not have its name yet. */
export async function openSetFolder(folder: string, name: string, options: OpenSetOptions): Promise<OpenedSet> {
  const manifest = await readManifest(folder, name);
  if (manifest.encryption === "age" && options.decryption === undefined) throw new UnusableSet("sealed", { set: name, what: "is encrypted" });
  requireFit(manifest, name, options);
  const { opened, close } = await openFiles(folder, manifest);
  try {
    const read = (part: SetPart): AsyncIterable<Buffer> | undefined => {
      const at = manifest.files.findIndex(({ name: file }) => file === fileOf(part, manifest.encryption));
      const [file, expected] = [opened[at], manifest.files[at]];
      const decryption = manifest.encryption === "none" ? undefined : options.decryption;
      return file && expected && readSetFile(name, file, expected, decryption);
    };
    const set: OpenedSet = {
      name,
      manifest,
      readRecord: () => readCheckedRecord(manifest, read("record") ?? nothing()),
      readSessions: () => readCheckedSessions(manifest, read("sessions") ?? nothing()),
      close,
    };
    await readThrough(set, options.onProgress);
    return set;
  } catch (error) {
    await close();
    throw error;
  }
}

/** The manifest of a set, without a look at its files. @throws UnusableSet. */
export async function readManifest(folder: string, name: string): Promise<Manifest> {
  try {
    if (!(await lstat(folder)).isDirectory()) throw new UnusableSet("no_regular_file", { set: name, what: "is no folder" });
  } catch (error) {
    throw error instanceof UnusableSet ? error : toUnusable(name, undefined, error);
  }
  const { handle, sizeBytes } = await openSetFile(folder, name, MANIFEST_FILE);
  const unusable = (fault: "damaged" | "newer", what: string, cause?: unknown): UnusableSet =>
    new UnusableSet(fault, { set: name, file: MANIFEST_FILE, what }, cause);
  try {
    if (sizeBytes > MAX_MANIFEST_BYTES) throw unusable("damaged", "is too large");
    const manifest = parseManifest(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await handle.readFile()));
    if (manifest.name !== name) throw new UnusableSet("mixed", { set: name, file: MANIFEST_FILE, what: `belongs to the set ${manifest.name}` });
    return manifest;
  } catch (error) {
    if (error instanceof UnusableSet) throw error;
    if (error instanceof UnreadableManifest) throw unusable(error.isOtherFormat ? "newer" : "damaged", error.message, error);
    if (error instanceof TypeError) throw unusable("damaged", "is no text", error);
    throw toUnusable(name, MANIFEST_FILE, error);
  } finally {
    await handle.close();
  }
}

/** Opens every file of a set, of which nothing else may be there. */
async function openFiles(folder: string, manifest: Manifest): Promise<{ readonly opened: readonly SetFile[]; readonly close: () => Promise<void> }> {
  await requireFiles(folder, manifest);
  const opened: SetFile[] = [];
  const close = async (): Promise<void> => {
    for (const { handle } of opened.splice(0)) await handle.close();
  };
  try {
    for (const { name: file } of manifest.files) opened.push(await openSetFile(folder, manifest.name, file));
    return { opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Compares the files of a set with the digests of its manifest, without a key and without a look into them.
 *
 * @throws UnusableSet for the first thing that is wrong.
 */
export async function compareSet(folder: string, name: string): Promise<Manifest> {
  const manifest = await readManifest(folder, name);
  const { opened, close } = await openFiles(folder, manifest);
  try {
    for (const [index, expected] of manifest.files.entries()) {
      const file = opened[index];
      if (file !== undefined) await compareSetFile(name, file, expected);
    }
    return manifest;
  } finally {
    await close();
  }
}

function requireFit({ schemaVersion, snapshotAt, productVersion }: Manifest, set: string, options: OpenSetOptions): void {
  if (schemaVersion > options.knownSchemaVersion) {
    throw new UnusableSet("newer", {
      set,
      what: `was made by a newer version, ${productVersion}: its schema is ${schemaVersion}, and this program knows ${options.knownSchemaVersion}`,
    });
  }
  if (Math.floor(Date.parse(snapshotAt) / 1_000) * 1_000 !== momentOfSetName(set)) {
    throw new UnusableSet("mixed", { set, file: MANIFEST_FILE, what: `is of another moment, ${snapshotAt}` });
  }
}

/** Nothing is in the folder but what the manifest lists. */
async function requireFiles(folder: string, manifest: Manifest): Promise<void> {
  const expected = new Set([MANIFEST_FILE, ...manifest.files.map(({ name }) => name)]);
  let found: readonly string[];
  try {
    found = await readdir(folder);
  } catch (error) {
    throw toUnusable(manifest.name, undefined, error);
  }
  const unexpected = found.find((file) => !expected.has(file));
  if (unexpected !== undefined)
    throw new UnusableSet("unexpected", { set: manifest.name, file: JSON.stringify(unexpected), what: "does not belong there" });
  const missing = [...expected].find((file) => !found.includes(file));
  if (missing !== undefined) throw new UnusableSet("missing", { set: manifest.name, file: missing, what: "is not there" });
}

async function readThrough(set: OpenedSet, onProgress: OpenSetOptions["onProgress"]): Promise<void> {
  const total = set.manifest.files.reduce((sum, { plainSizeBytes }) => sum + plainSizeBytes, 0);
  let done = 0;
  for await (const part of set.readRecord()) {
    if (part.type !== "rows") continue;
    done += part.bytes.length;
    onProgress?.(done, total);
  }
  for await (const _ of set.readSessions());
  onProgress?.(total, total);
}

async function* readCheckedRecord(manifest: Manifest, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<RecordPart> {
  const file = fileOf("record", manifest.encryption);
  const damaged = (what: string, cause?: unknown): UnusableSet => new UnusableSet("damaged", { set: manifest.name, file, what }, cause);
  let index = -1;
  let rows = 0;
  let hash: Hash | undefined;
  const endTable = (): void => {
    const table = manifest.tables[index];
    if (table === undefined || hash === undefined) return;
    if (rows !== table.rows) throw damaged(`has ${rows} rows of ${table.name} instead of ${table.rows}`);
    if (hash.digest("hex") !== table.sha256) throw damaged(`has other rows of ${table.name} than were written`);
  };
  try {
    for await (const part of readRecord(bytes)) {
      if (part.type === "rows") {
        rows += part.rows;
        hash?.update(part.bytes);
      } else {
        endTable();
        index += 1;
        rows = 0;
        hash = createHash("sha256");
        requireTable(part, manifest.tables[index], damaged);
      }
      yield part;
    }
  } catch (error) {
    throw error instanceof UnreadableRecord ? damaged(error.message, error) : error;
  }
}

function requireTable(part: RecordPart, expected: Manifest["tables"][number] | undefined, damaged: (what: string) => UnusableSet): void {
  if (part.type === "end" && expected !== undefined) throw damaged(`lacks the table ${expected.name}`);
  if (part.type !== "table") return;
  if (part.table.name !== expected?.name || part.table.columns.join() !== expected.columns.join())
    throw damaged(`has the table ${part.table.name} unexpectedly`);
}

async function* readCheckedSessions(manifest: Manifest, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SessionEntry> {
  const file = fileOf("sessions", manifest.encryption);
  const damaged = (what: string, cause?: unknown): UnusableSet => new UnusableSet("damaged", { set: manifest.name, file, what }, cause);
  let entries = 0;
  try {
    for await (const entry of readSessionLines(bytes)) {
      entries += 1;
      yield entry;
    }
  } catch (error) {
    throw error instanceof UnreadableSessions ? damaged(error.message, error) : error;
  }
  if (manifest.sessions !== null && entries !== manifest.sessions.entries)
    throw damaged(`has ${entries} entries instead of ${manifest.sessions.entries}`);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** What a set takes on the disk, and holds. */
export const sizeOf = ({ files }: Manifest): number => files.reduce((sum, { sizeBytes }: ManifestFile) => sum + sizeBytes, 0);
