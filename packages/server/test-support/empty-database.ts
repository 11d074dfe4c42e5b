/**
 * An embedded database as the server creates it, made once and copied: creating one costs 3.7 s of a core, a copy 0.15 s.
 *
 * Only its making is saved. Migrations, documents and accounts are the work of the server that is given the copy.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openCluster } from "../src/adapters/pglite/cluster.ts";
import { CACHE } from "./cache-folder.ts";

/** What decides how the files of a new database look. */
const MAKERS = ["../src/adapters/pglite/cluster.ts", "../node_modules/@electric-sql/pglite/package.json"];

function templateFolder(): string {
  const hash = createHash("sha256");
  for (const maker of MAKERS) hash.update(readFileSync(resolve(import.meta.dirname, maker)));
  return join(CACHE, `empty-database-${hash.digest("hex").slice(0, 16)}`);
}

const TEMPLATE = templateFolder();

/** Makes the database that is copied, unless it is there. Several processes may do so at once. */
export async function makeEmptyDatabase(): Promise<void> {
  if (existsSync(TEMPLATE)) return;
  mkdirSync(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, "unfinished-"));
  try {
    const made = join(scratch, "postgres");
    await (await openCluster(made, () => {})).close();
    // Whoever comes second finds the folder taken, and what is in it as good as its own.
    await rename(made, TEMPLATE).catch((error: unknown) => {
      if (!existsSync(TEMPLATE)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Puts an empty database where a server with these settings would create one. Does nothing when it would not, or when there is nothing to copy. */
export function copyEmptyDatabase({ DATA_DIR, DATABASE_URL }: { readonly DATA_DIR: string; readonly DATABASE_URL?: string }): void {
  const directory = join(DATA_DIR, "postgres");
  if (DATABASE_URL !== undefined || existsSync(directory) || !existsSync(TEMPLATE)) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  cpSync(TEMPLATE, directory, { recursive: true });
}
