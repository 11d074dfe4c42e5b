/** A snapshot made searchable. */
import {
  type Analyzer,
  createHybridIndex,
  type DocumentStore,
  type DocumentSummary,
  type HybridIndex,
  type StoredDocument,
} from "@rag-personal/core";
import { type KnowledgeSnapshot, UnreadableSnapshot } from "../snapshot/snapshot-format.ts";

export interface Knowledge {
  readonly createdAt: string;
  readonly index: HybridIndex;
  readonly documents: Pick<DocumentStore, "listSomeDocuments" | "getDocument">;
}

/** @throws UnreadableSnapshot when its semantic space is of another version: without it the answers would be others. */
export async function openKnowledge({ createdAt, documents, space }: KnowledgeSnapshot, analyzer: Analyzer): Promise<Knowledge> {
  const index = createHybridIndex({ analyzer });
  if (space !== undefined && !index.fromSnapshot(space)) {
    throw new UnreadableSnapshot("other_version", "its semantic space is of a version that this program does not read");
  }
  for (const { chunks } of documents) index.upsertDocument(chunks);
  // Nothing is learnt here: what the server had learnt came along.
  await index.refresh({ train: false });
  const byId = new Map<string, StoredDocument>(documents.map(({ document }) => [document.id, document]));
  const summaries = documents.map(({ document: { text: _, ...summary }, chunks }) => ({ ...summary, chunkCount: chunks.length }));
  return {
    createdAt,
    index,
    documents: {
      // They were written in the order of their paths.
      async listSomeDocuments({ limit, after = "", pathPrefixes }) {
        const isListed = ({ path }: DocumentSummary): boolean =>
          comesAfter(path, after) && (pathPrefixes?.some((prefix) => path.startsWith(prefix)) ?? true);
        return summaries.filter(isListed).slice(0, limit);
      },
      getDocument: async (id) => byId.get(id),
    },
  };
}

/** By code point, as databases order text, where JavaScript orders by UTF-16 unit. */
function comesAfter(path: string, other: string): boolean {
  const [left, right] = [Array.from(path), Array.from(other)];
  const at = left.findIndex((character, position) => character !== right[position]);
  return at !== -1 && (left[at]?.codePointAt(0) ?? 0) > (right[at]?.codePointAt(0) ?? -1);
}
