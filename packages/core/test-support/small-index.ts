/** Small collections to search in tests. */
import type { IndexedChunk } from "../src/model.ts";
import { createHybridIndex, type HybridIndex, type HybridIndexOptions } from "../src/retrieval/hybrid-index.ts";

/** The text of each document by its id; several texts are several chunks. */
export type Documents = Readonly<Record<string, string | readonly string[]>>;

export function chunksOf(documentId: string, texts: readonly string[], headingPath: readonly string[] = []): IndexedChunk[] {
  return texts.map((text, ordinal) => ({
    id: `${documentId}.${ordinal}`,
    documentId,
    ordinal,
    start: 0,
    end: text.length,
    headingPath,
    text,
    path: `${documentId}.md`,
    title: "",
    contentHash: "",
  }));
}

export function upsert(index: HybridIndex, documents: Documents): void {
  for (const [id, text] of Object.entries(documents)) index.upsertDocument(chunksOf(id, typeof text === "string" ? [text] : text));
}

export async function indexOf(documents: Documents, options?: HybridIndexOptions): Promise<HybridIndex> {
  const index = createHybridIndex(options);
  upsert(index, documents);
  await index.refresh();
  return index;
}

export async function idsOf(index: HybridIndex, query: string, limit = 10): Promise<string[]> {
  return (await index.search(query, { limit })).map(({ chunk }) => chunk.documentId);
}

export const TEA: Documents = {
  green: "Green tea is steeped for three minutes in water of eighty degrees.",
  black: "Black tea is steeped for five minutes in boiling water.",
  coffee: "Espresso is brewed under pressure from finely ground coffee beans.",
  rain: "Rain falls from clouds when droplets grow heavy.",
  bread: "Sourdough bread rises slowly because wild yeast works slowly.",
};
