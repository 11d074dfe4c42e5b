/**
 * The folder of a continuous archive:
 * ```
 * continuous/<system identifier>/base/<moment>/       a base backup as pg_basebackup wrote it, verified
 *                                base/<moment>.json   what is known of it
 *                                wal/                 what pg_receivewal received
 *                                wal.until-<moment>/  the same from before a gap
 * ```
 * A database that was made anew has another identifier, so the logs of two never meet.
 */
import { lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isBefore } from "./wal-names.ts";

const SYSTEM = /^\d{10,20}$/;
const BASE = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.json$/;
const WAL_FOLDER = /^wal(?:\.until-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)?$/;
const PRIVATE = 0o700;

const baseNote = z.strictObject({
  /** ISO 8601. The backup can be recovered to any moment from its end on. */
  endedAt: z.iso.datetime(),
  postgresMajor: z.int().min(10).max(99),
  /** Name of the WAL segment that a recovery begins with. */
  firstSegment: z.string().regex(/^[0-9A-F]{24}$/),
  sizeBytes: z.int().nonnegative(),
});

export interface BaseBackup extends z.output<typeof baseNote> {
  readonly name: string;
  readonly folder: string;
}

/** The archive of one database. */
export interface ArchiveFolder {
  readonly path: string;
  readonly base: string;
  readonly wal: string;
}

/** @param systemIdentifier that PostgreSQL gave the database when it was made. */
export async function openArchiveFolder(continuousFolder: string, systemIdentifier: string): Promise<ArchiveFolder> {
  if (!SYSTEM.test(systemIdentifier)) throw new Error("a system identifier is a number");
  const archive = archiveAt(join(continuousFolder, systemIdentifier));
  for (const folder of [archive.base, archive.wal]) await mkdir(folder, { recursive: true, mode: PRIVATE });
  return archive;
}

const archiveAt = (path: string): ArchiveFolder => ({ path, base: join(path, "base"), wal: join(path, "wal") });

/** All archives below the folder; none when there is no folder. */
export async function listArchives(continuousFolder: string): Promise<ArchiveFolder[]> {
  return (await namesIn(continuousFolder)).filter((name) => SYSTEM.test(name)).map((name) => archiveAt(join(continuousFolder, name)));
}

/** The base backups that are whole, the oldest first. */
export async function listBaseBackups({ base }: ArchiveFolder): Promise<BaseBackup[]> {
  const found: BaseBackup[] = [];
  for (const file of (await namesIn(base)).sort()) {
    const name = BASE.exec(file)?.[1];
    if (name === undefined) continue;
    const folder = join(base, name);
    const note = baseNote.safeParse(JSON.parse(await readFile(join(base, file), "utf8").catch(() => "null"))).data;
    if (note !== undefined && (await isFolder(folder))) found.push({ ...note, name, folder });
  }
  return found;
}

/** From here on the backup counts. */
export async function noteBaseBackup({ base }: ArchiveFolder, name: string, note: z.output<typeof baseNote>): Promise<void> {
  await writeFile(join(base, `${name}.json`), `${JSON.stringify(baseNote.parse(note))}\n`, { mode: 0o600, flush: true });
}

/** Where received WAL lies, the newest first. */
export async function walFolders({ path }: ArchiveFolder): Promise<string[]> {
  const names = (await namesIn(path)).filter((name) => WAL_FOLDER.test(name)).sort();
  return names.map((name) => join(path, name));
}

export interface Pruned {
  readonly bases: number;
  readonly segments: number;
}

/**
 * Removes base backups but the newest ones, and the WAL that none of those left needs.
 *
 * @param keep how many stay at least.
 * @param olderThanMs those that ended before this moment may go, if one that is kept ended before it too: else it could not be recovered to.
 */
export async function pruneArchive(
  archive: ArchiveFolder,
  { keep, olderThanMs }: { readonly keep: number; readonly olderThanMs: number },
): Promise<Pruned> {
  const all = await listBaseBackups(archive);
  const isOld = ({ endedAt }: BaseBackup): boolean => Date.parse(endedAt) < olderThanMs;
  // The last of the old ones is what the moments after it are recovered from.
  const oldOnes = all.filter(isOld).slice(0, -1);
  const going = oldOnes.slice(0, Math.max(0, all.length - Math.max(1, keep)));
  for (const { name, folder } of going) {
    // First it stops counting: a removal that is interrupted leaves no half of one.
    await rm(join(archive.base, `${name}.json`), { force: true });
    await rm(folder, { recursive: true, force: true });
  }
  await removeUnfinished(archive);
  const first = all[going.length]?.firstSegment;
  if (first === undefined) return { bases: going.length, segments: 0 };
  let segments = 0;
  for (const folder of await walFolders(archive)) {
    for (const name of await namesIn(folder)) {
      if (!isBefore(name, first)) continue;
      await rm(join(folder, name), { force: true });
      segments += 1;
    }
  }
  return { bases: going.length, segments };
}

/** Folders of base backups that were interrupted, or half removed. */
async function removeUnfinished({ base }: ArchiveFolder): Promise<void> {
  const names = await namesIn(base);
  for (const name of names) {
    if (names.includes(`${name}.json`) || name.endsWith(".json") || name.endsWith(".making")) continue;
    await rm(join(base, name), { recursive: true, force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}
