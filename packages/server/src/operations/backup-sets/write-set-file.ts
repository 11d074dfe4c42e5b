/** Writing a file of a set: compressed, encrypted if asked for, on the disk for good once it resolves. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { ManifestFile } from "./manifest.ts";

const BLOCK_BYTES = 1 << 18;
/** Compressed six times as fast as with the default, into a fifth more. */
const GZIP_LEVEL = 1;

/** Closes what only the owner of a key can open again. */
export interface Encryption {
  encrypt(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * @param folder of the set; the file must not be there yet.
 * @throws the error of the file system, or of the source.
 */
export async function writeSetFile(
  folder: string,
  name: string,
  source: AsyncIterable<Uint8Array>,
  encryption: Encryption | undefined,
): Promise<ManifestFile> {
  const [plain, stored] = [createTally(), createTally()];
  const compressed = gzip(plain.through(source));
  const bytes = stored.through(encryption === undefined ? compressed : encryption.encrypt(compressed));
  const file = await open(join(folder, name), "wx", 0o600);
  try {
    for await (const piece of bytes) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  return { name, sizeBytes: stored.bytes(), sha256: stored.sha256(), plainSizeBytes: plain.bytes(), plainSha256: plain.sha256() };
}

interface Tally {
  through(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  bytes(): number;
  sha256(): string;
}

function createTally(): Tally {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    async *through(source) {
      for await (const piece of source) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    },
    bytes: () => bytes,
    sha256: () => hash.digest("hex"),
  };
}

async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const compressed = createGzip({ level: GZIP_LEVEL, chunkSize: BLOCK_BYTES });
  // Errors of either end come out of the loop below.
  pipeline(Readable.from(inBlocks(source)), compressed, () => {});
  for await (const piece of compressed) yield piece;
}

/** Each piece given to the compressor is a trip to another thread. */
async function* inBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of source) {
    held.push(piece);
    bytes += piece.length;
    if (bytes < BLOCK_BYTES) continue;
    yield Buffer.concat(held, bytes);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}
