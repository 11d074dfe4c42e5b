/** Changing the file that holds a deployment's secrets. */
import { randomBytes } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { writeDurably } from "../adapters/data-directory/durable-file.ts";
import { ExitError } from "../exit-error.ts";
import { clock } from "./time.ts";

const SECRET_BYTES = 32;

/**
 * Replaces the file at once or not at all, for its owner's eyes alone (0600). A link leads to the file that is replaced.
 *
 * @param change gives the new content; undefined leaves the file as it is.
 * @returns whether it was changed.
 * @throws ExitError when it cannot be read or written.
 */
export async function changeEnvironmentFile(
  path: string,
  change: (text: string, parts: { readonly nowMs: number; readonly createSecret: () => string }) => string | undefined,
): Promise<boolean> {
  let file: string;
  let text: string;
  let owner: { readonly uid: number; readonly gid: number };
  try {
    file = await realpath(path);
    text = await readFile(file, "utf8");
    owner = await stat(file);
  } catch (cause) {
    throw new ExitError(`${path} cannot be read. Run this where the file with API_KEY and SECRET_KEY is, or name it with --file.`, { cause });
  }
  const changed = change(text, { nowMs: clock.now(), createSecret: () => randomBytes(SECRET_BYTES).toString("hex") });
  if (changed === undefined) return false;
  try {
    await writeDurably(file, changed, owner);
  } catch (cause) {
    throw new ExitError(`${path} cannot be written (${cause instanceof Error ? cause.message : String(cause)}); it is as it was.`, { cause });
  }
  return true;
}
