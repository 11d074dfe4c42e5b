/** The chunks that are to have a vector. */
import type { IndexedChunk, SearchFilters } from "../model.ts";

export interface ChunkRegister {
  /** What was applied last. */
  readonly byId: ReadonlyMap<string, IndexedChunk>;
  /** Replaces the chunks of one document, from the next {@link apply} on; all must be of the same document. */
  stage(chunks: readonly IndexedChunk[]): void;
  stageRemoval(documentId: string): void;
  apply(): void;
  chunksOf(documentId: string): readonly IndexedChunk[];
  /** Documents that the filters admit; undefined for all. */
  admittedDocuments(filters: SearchFilters | undefined): ReadonlySet<string> | undefined;
}

export function createChunkRegister(): ChunkRegister {
  const byId = new Map<string, IndexedChunk>();
  const byDocument = new Map<string, readonly IndexedChunk[]>();
  const staged = new Map<string, readonly IndexedChunk[]>();

  function replace(documentId: string, chunks: readonly IndexedChunk[]): void {
    for (const { id } of byDocument.get(documentId) ?? []) byId.delete(id);
    for (const chunk of chunks) byId.set(chunk.id, chunk);
    if (chunks.length === 0) byDocument.delete(documentId);
    else byDocument.set(documentId, chunks);
  }

  return {
    byId,
    stage(chunks) {
      const [first] = chunks;
      if (first !== undefined) staged.set(first.documentId, chunks);
    },
    stageRemoval: (documentId) => void staged.set(documentId, []),
    apply() {
      for (const [documentId, chunks] of staged) replace(documentId, chunks);
      staged.clear();
    },
    chunksOf: (documentId) => byDocument.get(documentId) ?? [],
    admittedDocuments(filters) {
      const { pathPrefixes, documentIds } = filters ?? {};
      if (pathPrefixes === undefined && documentIds === undefined) return undefined;
      const wanted = documentIds === undefined ? undefined : new Set(documentIds);
      const admitted = new Set<string>();
      for (const [documentId, [chunk]] of byDocument) {
        const path = chunk?.path ?? "";
        if (wanted !== undefined && !wanted.has(documentId)) continue;
        if (pathPrefixes === undefined || pathPrefixes.some((prefix) => path.startsWith(prefix))) admitted.add(documentId);
      }
      return admitted;
    },
  };
}
