/** Reading a file of a set: a regular one that is no link, as long as the manifest says, with the digest that the manifest says. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ManifestFile } from "./manifest.ts";
import { UnusableSet } from "./unusable-set.ts";

const BLOCK_BYTES = 1 << 18;
/** Deflate packs 1,032 bytes into one at most; above that a size is a lie. */
const MOST_GROWTH = 1_032;
const GZIP_AROUND_BYTES = 1_024;

/** Opens what is encrypted. @throws when no key at hand fits, or the bytes are not as they were written. */
export interface Decryption {
  decrypt(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** A file of a set that was opened, of which nothing has been read yet. */
export interface SetFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** @throws UnusableSet for anything but a regular file under this very name. */
export async function openSetFile(folder: string, set: string, file: string): Promise<SetFile> {
  let handle: FileHandle;
  try {
    // A link is refused, and a pipe is not waited for.
    handle = await open(join(folder, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw toUnusable(set, file, cause);
  }
  const status = await handle.stat();
  if (status.isFile()) return { handle, sizeBytes: status.size };
  await handle.close();
  throw new UnusableSet("no_regular_file", { set, file, what: "is no regular file" });
}

/**
 * The content of a file, decrypted and decompressed. Once it has been read to its end, all of it is known to be as it was written; before
 * that, nothing is. It may be read any number of times, one after the other.
 *
 * @throws UnusableSet while it is read.
 */
export async function* readSetFile(
  set: string,
  { handle, sizeBytes }: SetFile,
  expected: ManifestFile,
  decryption: Decryption | undefined,
): AsyncGenerator<Buffer> {
  const damaged = damageOf(set, expected);
  if (sizeBytes !== expected.sizeBytes) throw damaged(`has ${sizeBytes} bytes instead of ${expected.sizeBytes}`);
  if (expected.plainSizeBytes > sizeBytes * MOST_GROWTH + GZIP_AROUND_BYTES) throw damaged("cannot hold as much as it is said to");
  const stored = readHandle(handle, expected, damaged);
  const hash = createHash("sha256");
  let plainBytes = 0;
  try {
    for await (const bytes of gunzip(decryption === undefined ? stored : decryption.decrypt(stored))) {
      plainBytes += bytes.length;
      if (plainBytes > expected.plainSizeBytes) throw damaged("holds more than it is said to");
      hash.update(bytes);
      yield bytes;
    }
  } catch (error) {
    throw error instanceof UnusableSet ? error : damaged("is not as it was written", error);
  }
  if (plainBytes !== expected.plainSizeBytes || hash.digest("hex") !== expected.plainSha256) throw damaged("does not hold what was written");
}

/** Reads the bytes as they lie on the disk. @throws UnusableSet when they are not those that the manifest describes. */
export async function compareSetFile(set: string, { handle, sizeBytes }: SetFile, expected: ManifestFile): Promise<void> {
  const damaged = damageOf(set, expected);
  if (sizeBytes !== expected.sizeBytes) throw damaged(`has ${sizeBytes} bytes instead of ${expected.sizeBytes}`);
  try {
    for await (const _ of readHandle(handle, expected, damaged));
  } catch (error) {
    throw error instanceof UnusableSet ? error : toUnusable(set, expected.name, error);
  }
}

const damageOf =
  (set: string, { name }: ManifestFile) =>
  (what: string, cause?: unknown): UnusableSet =>
    new UnusableSet("damaged", { set, file: name, what }, cause);

/** The bytes of the file as they lie on the disk; their digest is compared before the last of them are given away. */
async function* readHandle(handle: FileHandle, { sizeBytes, sha256 }: ManifestFile, damaged: (what: string) => UnusableSet): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  for (let at = 0; at < sizeBytes; ) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, sizeBytes - at));
    const { bytesRead } = await handle.read(block, 0, block.length, at);
    if (bytesRead === 0) throw damaged("became shorter while it was read");
    at += bytesRead;
    const bytes = block.subarray(0, bytesRead);
    hash.update(bytes);
    if (at === sizeBytes && hash.digest("hex") !== sha256) throw damaged("is not the file that the manifest describes");
    yield bytes;
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const unpacked = createGunzip({ chunkSize: BLOCK_BYTES });
  // Errors of either end come out of the loop below.
  pipeline(Readable.from(source), unpacked, () => {});
  for await (const bytes of unpacked) yield bytes;
}

/** @param error of the file system. */
export function toUnusable(set: string, file: string | undefined, error: unknown): UnusableSet {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new UnusableSet(file === undefined ? "no_set" : "missing", { set, file, what: "is not there" }, error);
  if (code === "ELOOP" || code === "ENXIO" || code === "EISDIR" || code === "ENOTDIR")
    return new UnusableSet("no_regular_file", { set, file, what: file === undefined ? "is no folder" : "is no regular file" }, error);
  const reason = error instanceof Error ? error.message : String(error);
  return new UnusableSet("unreadable", { set, file, what: `cannot be read (${reason})` }, error);
}
