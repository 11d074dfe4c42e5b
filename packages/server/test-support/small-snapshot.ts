/** A snapshot of a few texts, as a server would write it. */
import { createHash } from "node:crypto";
import { chunkDocument, createHybridIndex, type IndexedChunk } from "@rag-personal/core";
import { type SnapshotDocument, writeSnapshot } from "../src/snapshot/snapshot-format.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** @param texts by their paths. */
export async function makeSmallSnapshot(texts: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer>> {
  const index = createHybridIndex();
  const documents = Object.entries(texts).map(([path, text]): SnapshotDocument => {
    const [id, contentHash, title] = [`doc_${sha256(path).slice(0, 24)}`, sha256(text), path.replace(/\.md$/, "")];
    const format = "markdown" as const;
    const document = { id, path, title, format, contentHash, sourceHash: contentHash, sizeBytes: text.length, updatedAtMs: 1_760_000_000_000, text };
    const about = { documentId: id, path, title, contentHash };
    const chunks = chunkDocument({ format, text }).map((span, ordinal): IndexedChunk => {
      return { ...span, ...about, id: `${id}.${contentHash.slice(0, 8)}.${ordinal}`, ordinal, text: text.slice(span.start, span.end) };
    });
    index.upsertDocument(chunks);
    return { document, chunks };
  });
  await index.refresh();
  return await writeSnapshot({ createdAt: "2026-08-01T12:00:00.000Z", documents, space: index.toSnapshot() });
}
