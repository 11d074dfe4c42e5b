/** A trained semantic space as bytes, independent of the vocabulary's numbering. */
import type { Vocabulary } from "../lexical/vocabulary.ts";
import { createLsaModel, type LsaModel } from "./lsa.ts";

/** "RPLS", then the version. */
const MAGIC = 0x53_4c_50_52;
const VERSION = 2;
/** Magic, version, rank, corpus size, number of terms, bytes of the term list: 32-bit little-endian each. */
const HEADER_BYTES = 24;

/** Header, idf of all terms (f32), scales of all terms (f32), vectors (signed bytes, `rank` per term), terms joined by line feeds. */
export function writeLsaSnapshot(model: LsaModel, vocabulary: Vocabulary): Uint8Array {
  const { rank, terms, idf, vectors, scales } = model;
  const names = new TextEncoder().encode(Array.from(terms, (term) => vocabulary.termAt(term)).join("\n"));
  const layout = layOut(rank, terms.length, names.length);
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [MAGIC, VERSION, rank, model.corpusSize, terms.length, names.length].entries()) {
    view.setUint32(index * 4, value, true);
  }
  for (const [row, value] of idf.entries()) view.setFloat32(HEADER_BYTES + row * 4, value, true);
  for (const [row, value] of scales.entries()) view.setFloat32(layout.scales + row * 4, value, true);
  bytes.set(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.length), layout.vectors);
  bytes.set(names, layout.names);
  return bytes;
}

/** @returns undefined when the bytes are not a snapshot of this version, or are cut short. */
export function readLsaSnapshot(bytes: Uint8Array, vocabulary: Vocabulary): LsaModel | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = (index: number): number => view.getUint32(index * 4, true);
  const [rank, corpusSize, termCount, nameBytes] = [header(2), header(3), header(4), header(5)];
  const layout = layOut(rank, termCount, nameBytes);
  if (header(0) !== MAGIC || header(1) !== VERSION || bytes.length !== layout.size) return undefined;
  const names = new TextDecoder().decode(bytes.subarray(layout.names)).split("\n");
  if (termCount > 0 && names.length !== termCount) return undefined;

  const floats = (start: number): Float32Array => Float32Array.from({ length: termCount }, (_, row) => view.getFloat32(start + row * 4, true));
  const terms = Uint32Array.from(names.slice(0, termCount), (name) => vocabulary.add(name));
  const vectors = new Int8Array(bytes.slice(layout.vectors, layout.names).buffer);
  return createLsaModel({ rank, corpusSize, terms, idf: floats(HEADER_BYTES), scales: floats(layout.scales), vectors });
}

/** Where each part begins; the idf values follow the header. */
function layOut(rank: number, termCount: number, nameBytes: number) {
  const scales = HEADER_BYTES + termCount * 4;
  const vectors = scales + termCount * 4;
  const names = vectors + termCount * rank;
  return { scales, vectors, names, size: names + nameBytes };
}
