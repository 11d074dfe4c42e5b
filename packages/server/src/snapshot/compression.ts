/** Gzip with what every runtime has. */
import { joinBytes } from "../join-bytes.ts";

export function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return readAll(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")), Number.POSITIVE_INFINITY);
}

/** @param sizeBytes what comes out, exactly. @throws Error when it is damaged, or of another size: no more than that is ever held. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const unpacked = await readAll(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")), sizeBytes);
  if (unpacked.length !== sizeBytes) throw new Error(`${unpacked.length} bytes came out instead of ${sizeBytes}`);
  return unpacked;
}

async function readAll(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new Error(`more than ${maxBytes} bytes came out`);
    }
    parts.push(next.value);
  }
  return joinBytes(parts);
}
