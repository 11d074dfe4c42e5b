/** A place for the Unix socket of the embedded database: reachable by the owner alone, under a path that is short enough. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, a closing zero included; the kernel would cut off the rest silently. */
const MAX_PATH_BYTES = 103;
const SOCKET_NAME = "socket";

export interface SocketDirectory {
  /** Where to listen; nothing is there yet. */
  readonly socketPath: string;
  remove(): Promise<void>;
}

/**
 * Makes a folder (0700) for the socket, because the database asks nobody who connects for a password: beside the data where the path
 * is short enough, replacing what a killed process left, and otherwise a new one in the system's folder for temporary files.
 *
 * @param dataDir absolute; nobody else may be using it.
 */
export async function createSocketDirectory(dataDir: string): Promise<SocketDirectory> {
  const beside = `${dataDir}.run`;
  const isShort = Buffer.byteLength(join(beside, SOCKET_NAME)) <= MAX_PATH_BYTES;
  if (isShort) {
    await rm(beside, { recursive: true, force: true });
    await mkdir(beside, { recursive: true, mode: 0o700 });
  }
  const directory = isShort ? beside : await mkdtemp(join(tmpdir(), "rag-pg-"));
  return { socketPath: join(directory, SOCKET_NAME), remove: () => rm(directory, { recursive: true, force: true }) };
}
