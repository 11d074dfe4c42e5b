/** The name of the server that keeps its things in a data directory: for as long as the folder lives, and no other server's. */
import { readFile } from "node:fs/promises";
import { writeDurably } from "./durable-file.ts";

const FORM = /^[0-9a-f-]{36}$/;

/** @param path of the file that keeps it. */
export async function loadOrCreateServerId(path: string, newId: () => string): Promise<string> {
  const kept = (await readFile(path, "utf8").catch(() => "")).trim();
  if (FORM.test(kept)) return kept;
  const made = newId();
  await writeDurably(path, `${made}\n`);
  return made;
}
