/** `rag upload`: files taken to the server one by one, each followed until it can be asked about. */
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Client, FileResult } from "@rag-personal/client";
import { InvalidRequestError } from "@rag-personal/client/errors";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { describeFile } from "./job-following.ts";
import { type Output, printable } from "./output.ts";

export interface UploadOptions {
  /** Path at the server, for one file alone. */
  readonly as?: string;
  /** Folder at the server that the files get into, under their own names. */
  readonly to?: string;
}

/** A file that did not get into the index; the others are not concerned. */
interface Refusal extends FileResult {
  readonly outcome: "failed";
}

/** @returns 6 when some files failed, 1 when all did. */
export async function runUpload(context: Context, options: UploadOptions, files: readonly string[]): Promise<number> {
  requireNames(options, files);
  const { output } = context;
  const { documents } = await context.connect();
  let failed = 0;
  for (const file of files) {
    const result = await uploadOne(context, documents, file, targetOf(file, options));
    output.data(result, () => describeFile(result));
    if (result.outcome === "failed") failed += 1;
  }
  if (failed === 0) return EXIT.ok;
  return failed < files.length ? EXIT.partly : EXIT.failed;
}

function requireNames({ as, to }: UploadOptions, files: readonly string[]): void {
  if (as !== undefined && files.length > 1) throw new CliError(EXIT.usage, "--as names one file; give --to a folder for several.");
  if (as !== undefined && to !== undefined) throw new CliError(EXIT.usage, "Give --as or --to, not both.");
  if (as === undefined && files.includes("-"))
    throw new CliError(EXIT.usage, "The standard input has no name: give one with --as, such as --as notes/today.md.");
}

/** The path at the server, below its uploads. */
export function targetOf(file: string, { as, to }: UploadOptions): string {
  if (as !== undefined) return as;
  return to === undefined ? basename(file) : `${to.replace(/\/+$/, "")}/${basename(file)}`;
}

async function uploadOne({ stdin, output, signal }: Context, documents: Client["documents"], file: string, path: string): Promise<FileResult> {
  const refused = (reason: string): Refusal => ({ path: file, outcome: "failed", stage: "upload", reason });
  const content = file === "-" ? new Blob([await buffer(stdin)]) : await openFile(file);
  if (typeof content === "string") return refused(content);
  try {
    const uploaded = await documents.upload(content, {
      path,
      signal,
      timeoutMs: Number.POSITIVE_INFINITY,
      onProgress: (sent) => tellSent(file, sent, output),
    });
    output.progress(`${printable(file)}: being read by the server`);
    const { files, error } = await uploaded.wait({ signal });
    const result = files.find((found) => found.path === uploaded.path);
    if (result !== undefined) return result;
    // A job tells of what it changed: the same file once more is no change.
    return error === null ? { path: uploaded.path, outcome: "unchanged" } : { path: uploaded.path, outcome: "failed", reason: error };
  } catch (thrown) {
    if (thrown instanceof InvalidRequestError) return refused(thrown.message);
    throw thrown;
  } finally {
    output.progress("");
  }
}

/** @returns why not, for a file that cannot be read. */
async function openFile(file: string): Promise<Blob | string> {
  try {
    if (!(await stat(file)).isFile()) return "it is no file";
    return await openAsBlob(file);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tellSent(
  file: string,
  { sentBytes, totalBytes }: { readonly sentBytes: number; readonly totalBytes: number | undefined },
  output: Output,
): void {
  const share = totalBytes === undefined || totalBytes === 0 ? "" : ` ${Math.floor((100 * sentBytes) / totalBytes)} %`;
  output.progress(`${printable(file)}:${share} sent`);
}
