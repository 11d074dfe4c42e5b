/** A knowledge snapshot as bytes: the documents with their chunks, and the semantic space learnt from them, in one file that can be checked. */
import type { IndexedChunk, StoredDocument } from "@rag-personal/core";
import * as z from "zod";
import { digest } from "../web-digest.ts";
import { gunzip, gzip } from "./compression.ts";

/** Everything that answers rest on, as it stood at one moment. */
export interface KnowledgeSnapshot {
  /** ISO 8601. */
  readonly createdAt: string;
  readonly documents: readonly SnapshotDocument[];
  /** As the index gives it; undefined when there was none. */
  readonly space: Uint8Array | undefined;
}

/** A document with its chunks, in order. */
export interface SnapshotDocument {
  readonly document: StoredDocument;
  readonly chunks: readonly IndexedChunk[];
}

/** Why bytes could not be read as a snapshot. */
export type SnapshotFault = "no_snapshot" | "other_version" | "cut_short" | "damaged";

export class UnreadableSnapshot extends Error {
  override readonly name = "UnreadableSnapshot";
  readonly fault: SnapshotFault;

  constructor(fault: SnapshotFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** "RPKS" */
const MAGIC = 0x53_4b_50_52;
export const SNAPSHOT_VERSION = 1;
/** Magic, version, bytes of the body, bytes of the content: 32-bit little-endian each; then the SHA-256 of the body. */
const HEADER_BYTES = 48;
const DIGEST_AT = 16;
/** The content begins with the size of its JSON part. */
const SIZE_BYTES = 4;

const size = z.int().min(0);

const content = z.object({
  createdAt: z.string(),
  documents: z.array(
    z.object({
      id: z.string(),
      path: z.string(),
      title: z.string(),
      format: z.enum(["markdown", "text", "html", "csv", "json"]),
      contentHash: z.string(),
      sourceHash: z.string(),
      sizeBytes: size,
      updatedAtMs: z.number(),
      text: z.string(),
      /** Id, start, end and headings; the text is the span of the document's. */
      chunks: z.array(z.tuple([z.string(), size, size, z.array(z.string())])),
    }),
  ),
});

/** Header and gzip of the content: the size of its JSON, the JSON, and the bytes of the space to the end. */
export async function writeSnapshot({ createdAt, documents, space }: KnowledgeSnapshot): Promise<Uint8Array<ArrayBuffer>> {
  const json: z.input<typeof content> = {
    createdAt,
    documents: documents.map(({ document, chunks }) => ({
      ...document,
      chunks: chunks.map(({ id, start, end, headingPath }) => [id, start, end, [...headingPath]]),
    })),
  };
  const text = new TextEncoder().encode(JSON.stringify(json));
  const whole = new Uint8Array(SIZE_BYTES + text.length + (space?.length ?? 0));
  new DataView(whole.buffer).setUint32(0, text.length, true);
  whole.set(text, SIZE_BYTES);
  if (space !== undefined) whole.set(space, SIZE_BYTES + text.length);

  const body = await gzip(whole);
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [MAGIC, SNAPSHOT_VERSION, body.length, whole.length].entries()) view.setUint32(index * 4, value, true);
  bytes.set(await digest(body), DIGEST_AT);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** @throws UnreadableSnapshot for anything but a whole, undamaged snapshot of this version. */
export async function readSnapshot(bytes: Uint8Array<ArrayBuffer>): Promise<KnowledgeSnapshot> {
  const { body, contentBytes } = readHeader(bytes);
  const expected = bytes.subarray(DIGEST_AT, HEADER_BYTES);
  if ((await digest(body)).some((value, at) => value !== expected[at])) throw damaged("its checksum does not match");
  let whole: Uint8Array;
  try {
    whole = await gunzip(body, contentBytes);
  } catch (cause) {
    throw damaged("it cannot be unpacked", cause);
  }
  return readContent(whole);
}

function readHeader(bytes: Uint8Array<ArrayBuffer>): { readonly body: Uint8Array<ArrayBuffer>; readonly contentBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) throw new UnreadableSnapshot("no_snapshot", "it is no snapshot");
  const version = view.getUint32(4, true);
  if (version !== SNAPSHOT_VERSION) {
    throw new UnreadableSnapshot("other_version", `it is of version ${version}, and this program reads version ${SNAPSHOT_VERSION}`);
  }
  const expectedBytes = bytes.length < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + view.getUint32(8, true);
  if (bytes.length < expectedBytes) throw new UnreadableSnapshot("cut_short", `it has ${bytes.length} of at least ${expectedBytes} bytes`);
  if (bytes.length > expectedBytes) throw damaged(`it has ${bytes.length} bytes instead of ${expectedBytes}`);
  return { body: bytes.subarray(HEADER_BYTES), contentBytes: view.getUint32(12, true) };
}

function readContent(whole: Uint8Array): KnowledgeSnapshot {
  const textEnd = SIZE_BYTES + (whole.length < SIZE_BYTES ? 0 : new DataView(whole.buffer, whole.byteOffset).getUint32(0, true));
  if (whole.length < textEnd) throw damaged("its content is cut short");
  const { createdAt, documents } = parseContent(whole.subarray(SIZE_BYTES, textEnd));
  return {
    createdAt,
    documents: documents.map(({ chunks, ...document }) => {
      const { id: documentId, path, title, contentHash, text } = document;
      return {
        document,
        chunks: chunks.map(([id, start, end, headingPath], ordinal) => {
          if (start > end || end > text.length) throw damaged(`a chunk of ${path} lies outside of its text`);
          return { id, documentId, ordinal, start, end, headingPath, text: text.slice(start, end), path, title, contentHash };
        }),
      };
    }),
    space: textEnd === whole.length ? undefined : whole.slice(textEnd),
  };
}

function parseContent(text: Uint8Array): z.output<typeof content> {
  try {
    return content.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)));
  } catch (cause) {
    throw damaged("its content cannot be read", cause);
  }
}

const damaged = (how: string, cause?: unknown): UnreadableSnapshot => new UnreadableSnapshot("damaged", how, { cause });
