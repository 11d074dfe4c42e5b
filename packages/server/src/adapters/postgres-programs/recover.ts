/** Recovers a database to a moment: base backup and WAL into a scratch PostgreSQL, which stops there. */
import { constants } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExitError } from "../../exit-error.ts";
import { type ArchiveFolder, type BaseBackup, listBaseBackups, walFolders } from "./archive-folder.ts";
import type { PostgresPrograms } from "./programs.ts";
import { giveTo, type ProcessOwner } from "./run-as.ts";
import { type ScratchCluster, startScratchCluster } from "./scratch-cluster.ts";
import { isBefore, isSegmentOrPartial } from "./wal-names.ts";

export interface RecoverOptions {
  readonly archive: ArchiveFolder;
  /** Milliseconds since the epoch; undefined: as far as the WAL goes. */
  readonly toMs: number | undefined;
  /** A `pg_wal` that outlived its database: what was never received is read from there. */
  readonly walFrom: string | undefined;
  readonly findPrograms: (major: number) => Promise<PostgresPrograms | undefined>;
  readonly owner: ProcessOwner;
  /** Where the copy of the database is made. */
  readonly scratchFolder: string;
  readonly user: string;
  readonly database: string;
  readonly timeoutMs: number;
  readonly say: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Recovered {
  readonly cluster: Pick<ScratchCluster, "address">;
  readonly base: BaseBackup;
  /** ISO 8601: the last transaction that is in it; undefined when there was none after the base backup. */
  readonly lastTransactionAt: string | undefined;
  /** The WAL ended before the moment that was asked for. */
  readonly endedEarly: boolean;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

const ENDED_EARLY = "recovery ended before configured recovery target was reached";
const LAST_TRANSACTION = /last completed transaction was at log time (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\+00/;

/** @throws {ExitError} when there is no base backup from before the moment, or the recovery fails. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { archive, toMs, findPrograms, scratchFolder, owner, say } = options;
  const base = await chooseBase(archive, toMs);
  const programs = await findPrograms(base.postgresMajor);
  if (programs === undefined)
    throw new ExitError(
      `The base backup ${base.name} needs the programs of PostgreSQL ${base.postgresMajor}. Install them, or run this where they are.`,
    );
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(scratchFolder, ".recovery-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await giveTo(owner, folder);
    const sources = [...(await walFolders(archive)), ...(options.walFrom === undefined ? [] : [options.walFrom])];
    const readable = owner.uid === undefined ? sources : [await copyWal(sources, base.firstSegment, join(folder, "wal"), owner)];
    const attempt = (target: number | undefined): Promise<ScratchCluster> =>
      attemptRecovery(options, { base, programs, folder, wal: readable, toMs: target });
    let endedEarly = false;
    const cluster = await attempt(toMs).catch((error: unknown) => {
      if (!(error instanceof ExitError) || !error.message.includes(ENDED_EARLY)) throw error;
      endedEarly = true;
      say("the WAL ends before that moment: recovering as far as it goes");
      return attempt(undefined);
    });
    const at = LAST_TRANSACTION.exec(cluster.log())?.[1];
    return {
      cluster,
      base,
      lastTransactionAt: at === undefined ? undefined : new Date(`${at.replace(" ", "T")}Z`).toISOString(),
      endedEarly,
      async remove() {
        await cluster.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function chooseBase(archive: ArchiveFolder, toMs: number | undefined): Promise<BaseBackup> {
  const all = await listBaseBackups(archive);
  const base = all.findLast(({ endedAt }) => toMs === undefined || Date.parse(endedAt) <= toMs);
  if (base !== undefined) return base;
  const [oldest] = all;
  throw new ExitError(
    oldest === undefined
      ? "There is no base backup to recover from. Restore a backup set."
      : `The oldest base backup ended at ${oldest.endedAt}, after the moment that is asked for. Restore a backup set from before it.`,
  );
}

interface Attempt {
  readonly base: BaseBackup;
  readonly programs: PostgresPrograms;
  readonly folder: string;
  readonly wal: readonly string[];
  readonly toMs: number | undefined;
}

async function attemptRecovery(options: RecoverOptions, { base, programs, folder, wal, toMs }: Attempt): Promise<ScratchCluster> {
  const { owner, user, database, timeoutMs, signal, say } = options;
  const dataFolder = join(folder, "data");
  await rm(dataFolder, { recursive: true, force: true });
  say(`copying the base backup ${base.name}`);
  await cp(base.folder, dataFolder, { recursive: true, mode: constants.COPYFILE_FICLONE, verbatimSymlinks: true });
  await writeFile(join(dataFolder, "recovery.signal"), "");
  await giveAllTo(owner, dataFolder);
  say(toMs === undefined ? "recovering as far as the WAL goes" : `recovering to ${new Date(toMs).toISOString()}`);
  // Abbreviations of time zones, Z among them, are not known yet when this is read.
  const at = toMs === undefined ? undefined : new Date(toMs).toISOString().replace("T", " ").replace("Z", "+00");
  const target = at === undefined ? {} : { recovery_target_time: at, recovery_target_action: "promote" };
  return await startScratchCluster({
    programs,
    owner,
    dataFolder,
    user,
    database,
    settings: { log_timezone: "UTC", timezone: "UTC", restore_command: restoreCommand(wal), ...target },
    startTimeoutMs: timeoutMs,
    signal,
  });
}

/** The shell's `%` is PostgreSQL's to replace; a segment that was still being received is the last one that is tried. */
export function restoreCommand(folders: readonly string[]): string {
  const candidates = [...folders.map((folder) => join(folder, "%f")), ...folders.map((folder) => join(folder, "%f.partial"))];
  const words = candidates.map((path) => `'${path.replaceAll("'", "'\\''")}'`).map((word) => word.replaceAll(/%(?!f)/g, "%%"));
  return `for file in ${words.join(" ")}; do if test -f "$file"; then exec cp "$file" "%p"; fi; done; exit 1`;
}

/** For a server that runs as somebody else, who may not look into our folders. */
async function copyWal(folders: readonly string[], first: string, into: string, owner: ProcessOwner): Promise<string> {
  await mkdir(into, { mode: 0o700 });
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      const isWanted = name.endsWith(".history") || (isSegmentOrPartial(name) && !isBefore(name.slice(0, first.length), first));
      // What was received whole stays: a later folder may hold the beginning of it only.
      if (isWanted) await cp(join(folder, name), join(into, name), { force: false, mode: constants.COPYFILE_FICLONE });
    }
  }
  await giveAllTo(owner, into);
  return into;
}

async function giveAllTo(owner: ProcessOwner, folder: string): Promise<void> {
  if (owner.uid === undefined) return;
  await giveTo(owner, folder);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) await giveTo(owner, join(entry.parentPath, entry.name));
  }
}
