/** Base backups by pg_basebackup, which count once pg_verifybackup has read all of them. */
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ExitError } from "../../exit-error.ts";
import { type ArchiveFolder, type BaseBackup, listBaseBackups, noteBaseBackup } from "./archive-folder.ts";
import { type ConnectionArguments, type PostgresPrograms, runProgram } from "./programs.ts";
import { segmentOf } from "./wal-names.ts";

/** What we read of the list of files that pg_basebackup leaves. */
const backupManifest = z.object({ "WAL-Ranges": z.array(z.object({ Timeline: z.int(), "Start-LSN": z.string(), "End-LSN": z.string() })).min(1) });

export interface BaseBackupOptions {
  readonly archive: ArchiveFolder;
  readonly programs: PostgresPrograms;
  readonly connection: ConnectionArguments;
  /** The server's `wal_segment_size`. */
  readonly segmentBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a base backup in the plain form, with the WAL that it needs to be consistent: nothing has to be unpacked to use it.
 *
 * @throws {ExitError} with what the program said.
 */
export async function takeBaseBackup(options: BaseBackupOptions): Promise<BaseBackup> {
  const { archive, programs, connection, segmentBytes, now, signal } = options;
  const name = `${new Date(now()).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
  const making = join(archive.base, `${name}.making`);
  const folder = join(archive.base, name);
  await removeLeftovers(archive);
  try {
    await runProgram({
      programs,
      program: "pg_basebackup",
      arguments: [
        `--pgdata=${making}`,
        `--dbname=${connection.dbname}`,
        "--format=plain",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--manifest-checksums=SHA256",
        "--label=rag-personal",
        "--no-password",
      ],
      environment: connection.environment,
      signal,
    });
    await runProgram({ programs, program: "pg_verifybackup", arguments: ["--exit-on-error", making], signal });
    const firstSegment = await readFirstSegment(making, segmentBytes);
    await rename(making, folder);
    await noteBaseBackup(archive, name, {
      endedAt: new Date(now()).toISOString(),
      postgresMajor: programs.major,
      firstSegment,
      sizeBytes: await sizeOf(folder),
    });
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
  const taken = (await listBaseBackups(archive)).find((each) => each.name === name);
  if (taken === undefined) throw new ExitError(`The base backup ${name} was taken, and is not there any more.`);
  return taken;
}

async function removeLeftovers({ base }: ArchiveFolder): Promise<void> {
  for (const name of await readdir(base)) if (name.endsWith(".making")) await rm(join(base, name), { recursive: true, force: true });
}

async function readFirstSegment(folder: string, segmentBytes: number): Promise<string> {
  const { "WAL-Ranges": ranges } = backupManifest.parse(JSON.parse(await readFile(join(folder, "backup_manifest"), "utf8")));
  const segments = ranges.map((range) => segmentOf(range.Timeline, range["Start-LSN"], segmentBytes)).sort();
  return segments[0] ?? "";
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
