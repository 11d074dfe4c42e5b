/** The folder that holds all state of one server: created for its owner alone, and used by one server at a time. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ExitError } from "../../exit-error.ts";
import { writeDurably } from "./durable-file.ts";
import { takeExclusiveLock } from "./exclusive-lock.ts";

/** A data directory that this process holds. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** The absolute path of something inside. */
  resolve(name: string): string;
  /** Lets the next server in. Comes last in a stop; calling it twice does nothing. */
  release(): Promise<void>;
}

/** Who holds the lock: told to whoever is refused, and never used to decide. */
interface Holder {
  readonly pid: number;
  readonly since: string;
}

/**
 * Creates the folder (0700) if need be and takes its lock. A folder that exists keeps its permissions: it may hold other things,
 * and what we put into it protects itself.
 *
 * @param path the folder; may be relative to the working directory.
 * @throws {ExitError} when another server holds it, naming its process number and since when; or when it cannot be used.
 * @example
 * const dataDirectory = await openDataDirectory("./data");
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const directory = await tryDataDirectory(path);
  if (directory !== undefined) return directory;
  const absolute = resolve(path);
  const holder = describe(await readHolder(holderOf(absolute)));
  throw new ExitError(`The data directory ${absolute} is in use by ${holder}. Stop that server, or set DATA_DIR to another folder.`);
}

const holderOf = (directory: string): string => join(directory, "server.json");

/** The same, but undefined when another server holds it. */
export async function tryDataDirectory(path: string): Promise<DataDirectory | undefined> {
  const absolute = resolve(path);
  const holderFile = holderOf(absolute);
  let unlock: (() => void) | undefined;
  try {
    await mkdir(absolute, { recursive: true, mode: 0o700 });
    unlock = takeExclusiveLock(join(absolute, "lock"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ExitError(`The data directory ${absolute} cannot be used: ${reason}. Set DATA_DIR to a folder on a local disk that you own.`, {
      cause,
    });
  }
  if (unlock === undefined) return undefined;
  try {
    await writeDurably(holderFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() } satisfies Holder));
  } catch (cause) {
    unlock();
    throw new ExitError(`The data directory ${absolute} cannot be written to.`, { cause });
  }
  let isReleased = false;
  return {
    path: absolute,
    resolve: (name) => join(absolute, name),
    async release() {
      if (isReleased) return;
      isReleased = true;
      await rm(holderFile, { force: true });
      unlock();
    },
  };
}

/** Undefined when the other server has only just taken the lock and not yet said who it is. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof holder !== "object" || holder === null || !("pid" in holder) || !("since" in holder)) return undefined;
    return { pid: Number(holder.pid), since: String(holder.since) };
  } catch {
    return undefined;
  }
}

function describe(holder: Holder | undefined): string {
  return holder === undefined ? "another server" : `another server (process ${holder.pid}, since ${holder.since})`;
}
