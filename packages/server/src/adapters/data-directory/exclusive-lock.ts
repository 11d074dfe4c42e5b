/** A lock on a file that the kernel gives up with the process that holds it. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/**
 * Takes the lock, or returns undefined when it is taken, be it by this process or by another.
 *
 * Node offers no `flock`. A file with a process number outlives a killed process, and the number may belong to another one by
 * then; a bound Unix socket must be unlinked before it can be bound again, and of two starters that find a dead one the second
 * unlinks the first one's; an abstract socket is not seen from another container that mounts the same folder. SQLite, which is
 * part of Node, takes POSIX record locks on Linux and macOS: an open exclusive transaction on an empty database is such a lock.
 * Nothing is ever written to the file, so a kill at any moment leaves nothing behind that would have to be judged.
 *
 * @param path the lock's file; created empty (0600) when absent, and left where it is on release. Its length is no matter.
 * @returns a function that gives the lock up; calling it twice does nothing.
 * @throws the error of SQLite when the file system cannot lock, or the file cannot be opened.
 */
export function takeExclusiveLock(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    chmodSync(path, 0o600);
    database.exec("begin exclusive");
  } catch (error) {
    database.close();
    if (isTaken(error)) return undefined;
    throw error;
  }
  return () => {
    if (database.isOpen) database.close();
  };
}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === 5;
}
