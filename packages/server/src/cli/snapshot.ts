/** `rag snapshot`: everything that answers rest on, in a file for workers at the edge. */
import { createHash } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import type { Context } from "./context.ts";
import { download } from "./download.ts";
import { CliError, EXIT } from "./exit-codes.ts";

/** Replaces the file at once or not at all. @throws CliError when it cannot be made or written. */
export async function runSnapshot(context: Context, { out }: { readonly out: string }): Promise<number> {
  const bytes = await download(await context.findAccess(), "/admin/snapshot", context.signal);
  const partial = `${out}.part`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    throw new CliError(EXIT.failed, `${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  context.output.data({ out, sizeBytes: bytes.length, sha256 }, () => `${out}: ${bytes.length} bytes, SHA-256 ${sha256}`);
  return EXIT.ok;
}
