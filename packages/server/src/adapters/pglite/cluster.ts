/** The files of the embedded database: created whole or not at all. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";

/**
 * Opens the database in `dataDir`, creating it if need be.
 *
 * A process killed during `initdb` leaves a folder that looks like a database and is none. So it is made under another name and
 * renamed when it has been closed cleanly; what stands under the right name is never deleted.
 *
 * @param dataDir absolute; nobody else may be using it.
 * @param onLine told of what PostgreSQL writes to its log.
 * @throws an error of PGlite when the files are of another major version of PostgreSQL, or damaged; the lines say more.
 */
export async function openCluster(dataDir: string, onLine: (line: string) => void): Promise<PGlite> {
  if (!existsSync(dataDir)) await createCluster(dataDir, onLine);
  return await open(dataDir, onLine);
}

async function createCluster(dataDir: string, onLine: (line: string) => void): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  // PGlite makes its files readable to all; the folder is what keeps others out.
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const database = await open(unfinished, onLine);
  await database.close();
  await rename(unfinished, dataDir);
}

function open(dataDir: string, onLine: (line: string) => void): Promise<PGlite> {
  return PGlite.create({
    dataDir,
    // What a statement changed is written before its answer is sent, and so outlives the process. It may not outlive a power cut: PGlite never
    // reaches `fsync`, even when told to (observed with strace).
    relaxedDurability: false,
    onStderr: (line) => {
      onLine(line);
      return false;
    },
  });
}
