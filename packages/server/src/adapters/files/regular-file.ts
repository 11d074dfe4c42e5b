/** Opens, hashes and reads regular files that really lie inside a folder. */
import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { UnprocessableDocument } from "@rag-personal/core";
import { describeSystemError } from "./file-errors.ts";

/** The part of a file handle that reading needs. */
export interface ReadableFile {
  stat(options: { readonly bigint: true }): Promise<Pick<BigIntStats, "size" | "mtimeNs" | "ctimeNs">>;
  /** Reads on from where the last read ended. */
  read(buffer: Buffer, offset: number, length: number, position: null): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** Bytes read at a time: large enough to be fast, small enough for 1 GB files to be hashed in little memory. */
const BLOCK_BYTES = 1 << 18;

const OUTSIDE = "it does not lie inside the documents folder: symbolic links are not followed";

/** Another try after a change; a file that is being written all the time is for the next ingestion. */
const ATTEMPTS = 2;

/**
 * Opens a regular file below `root` without following a symbolic link, neither the file itself nor a folder on the way, and
 * without waiting for the other end of a pipe. What was opened is compared with what lies at that path, so a link that is put
 * in the way meanwhile leads nowhere.
 *
 * @param root absolute path that holds no symbolic link.
 * @param path relative to it, with `/` as separator.
 * @throws UnprocessableDocument when it is anything but a regular file inside the folder.
 */
export function openRegularFile(root: string, path: string): Promise<FileHandle> {
  return asDocumentError(async () => {
    const absolute = join(root, path);
    if (!absolute.startsWith(root.endsWith(sep) ? root : root + sep)) throw new UnprocessableDocument("read", OUTSIDE);
    const handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const opened = await handle.stat({ bigint: true });
      if (!opened.isFile()) throw new UnprocessableDocument("read", "it is not a regular file");
      const [real, found] = await Promise.all([realpath(absolute), lstat(absolute, { bigint: true })]);
      if (real !== absolute || found.ino !== opened.ino || found.dev !== opened.dev) throw new UnprocessableDocument("read", OUTSIDE);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

/** SHA-256 of the bytes in hexadecimal, and their number. */
export interface FileDigest {
  readonly sourceHash: string;
  readonly sizeBytes: number;
}

/**
 * Hashes a file, a block at a time.
 *
 * @throws UnprocessableDocument when it is, or grows, larger than `maxBytes`.
 */
export function hashFile(file: ReadableFile, { maxBytes, signal }: ReadLimits): Promise<FileDigest> {
  return asDocumentError(async () => {
    const { size } = await file.stat({ bigint: true });
    if (size > maxBytes) throw tooLarge(maxBytes);
    const hash = createHash("sha256");
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Number(size) + 1));
    let sizeBytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(block, 0, block.length, null);
      sizeBytes += bytesRead;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(block.subarray(0, bytesRead));
      // Regular files give less than asked for only at their end.
      if (bytesRead < block.length) return { sourceHash: hash.digest("hex"), sizeBytes };
    }
  });
}

export interface ReadLimits {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a whole file as it stood at one moment: one that changes while it is read is opened and read once more, then set aside.
 *
 * @throws UnprocessableDocument when it keeps changing, cannot be read, or is larger than `maxBytes`.
 */
export async function readUnchanged(openFile: () => Promise<ReadableFile>, limits: ReadLimits): Promise<FileDigest & { readonly bytes: Buffer }> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const file = await openFile();
    try {
      const found = await asDocumentError(() => readOnce(file, limits));
      if (found !== undefined) return found;
    } finally {
      await file.close();
    }
  }
  throw new UnprocessableDocument("read", "it changed while it was being read; the next ingestion tries again");
}

/** Undefined when the file changed meanwhile. */
async function readOnce(file: ReadableFile, { maxBytes, signal }: ReadLimits): Promise<(FileDigest & { readonly bytes: Buffer }) | undefined> {
  const before = await file.stat({ bigint: true });
  if (before.size > maxBytes) throw tooLarge(maxBytes);
  const hash = createHash("sha256");
  // One byte more than expected shows growth.
  const buffer = Buffer.allocUnsafe(Number(before.size) + 1);
  let sizeBytes = 0;
  while (sizeBytes < buffer.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, sizeBytes, Math.min(BLOCK_BYTES, buffer.length - sizeBytes), null);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(sizeBytes, sizeBytes + bytesRead));
    sizeBytes += bytesRead;
  }
  const after = await file.stat({ bigint: true });
  const isSameSize = BigInt(sizeBytes) === before.size && after.size === before.size;
  const isUntouched = after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs;
  return isSameSize && isUntouched ? { bytes: buffer.subarray(0, sizeBytes), sourceHash: hash.digest("hex"), sizeBytes } : undefined;
}

function tooLarge(maxBytes: number): UnprocessableDocument {
  return new UnprocessableDocument("read", `it is larger than ${maxBytes} bytes (MAX_FILE_BYTES)`);
}

async function asDocumentError<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const reason = describeSystemError(error);
    throw reason === undefined ? error : new UnprocessableDocument("read", reason, { cause: error });
  }
}
