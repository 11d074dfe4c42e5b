/**
 * `operations.json` in the data folder: when the last backup and the last drill succeeded. They run in processes of their own and write it
 * anew, by renaming; the server reads it for its metrics.
 */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { writeDurably } from "./durable-file.ts";

const operations = z.object({
  /** ISO 8601, of the end of the last backup that can be restored. */
  lastBackupAt: z.iso.datetime().nullish(),
  /** ISO 8601, of the end of the last drill that succeeded, and what it measured. */
  lastDrillAt: z.iso.datetime().nullish(),
  rtoSeconds: z.number().nonnegative().nullish(),
  rpoSeconds: z.number().nonnegative().nullish(),
});

export type Operations = z.output<typeof operations>;

/**
 * What stands in the file; nothing when there is none.
 *
 * @throws for a file that cannot be read, or holds something else.
 */
export async function readOperations(path: string): Promise<Operations> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  return operations.parse(JSON.parse(text));
}

/**
 * Notes what has succeeded; what others have noted stays. A file that cannot be understood is replaced.
 *
 * @throws the error of the file system.
 */
export async function noteOperations(path: string, changes: Operations): Promise<void> {
  const known = await readOperations(path).catch((): Operations => ({}));
  await writeDurably(path, `${JSON.stringify({ ...known, ...changes }, null, 2)}\n`);
}
