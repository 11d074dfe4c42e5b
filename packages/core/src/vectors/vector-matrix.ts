/** Rows of numbers by chunk, kept dense: the last row takes the place of one that goes. */
import type { ChunkVector, VectorMatch } from "../ports.ts";
import { createTopScores } from "../retrieval/top-scores.ts";
import { scanDots } from "../semantic/scan-dots.ts";

/** Rows of one piece of memory: growing adds a piece and copies nothing. A multiple of the four rows that a scan takes at a time. */
const BLOCK_ROWS = 1_024;

export interface VectorMatrix {
  /** Adds a row or replaces it; the vector is copied and brought to unit length. */
  set(vector: ChunkVector): void;
  delete(chunkId: string): void;
  ids(): ReadonlySet<string>;
  /** Highest cosines first. @param documentIds only rows of these documents. */
  nearest(vector: Float32Array, limit: number, documentIds: ReadonlySet<string> | undefined): readonly VectorMatch[];
}

/** An empty matrix. @param dimensions length of a row, which the caller answers for. */
export function createVectorMatrix(dimensions: number): VectorMatrix {
  const blocks: Float32Array[] = [];
  const rowOf = new Map<string, number>();
  const owners: { readonly chunkId: string; readonly documentId: string }[] = [];
  const dots = new Float32Array(BLOCK_ROWS);

  function rowAt(row: number): Float32Array {
    const block = Math.floor(row / BLOCK_ROWS);
    const start = (row % BLOCK_ROWS) * dimensions;
    const numbers = blocks[block] ?? new Float32Array(BLOCK_ROWS * dimensions);
    blocks[block] = numbers;
    return numbers.subarray(start, start + dimensions);
  }

  return {
    set({ chunkId, documentId, vector }) {
      const row = rowOf.get(chunkId) ?? owners.length;
      const scale = inverseLength(vector);
      rowAt(row).set(vector.map((value) => value * scale));
      rowOf.set(chunkId, row);
      owners[row] = { chunkId, documentId };
    },
    delete(chunkId) {
      const row = rowOf.get(chunkId);
      const last = owners.length - 1;
      const owner = owners[last];
      if (row === undefined || owner === undefined) return;
      rowAt(row).set(rowAt(last));
      owners[row] = owner;
      rowOf.set(owner.chunkId, row);
      owners.pop();
      rowOf.delete(chunkId);
      blocks.length = Math.ceil(owners.length / BLOCK_ROWS);
    },
    ids: () => new Set(rowOf.keys()),
    nearest(vector, limit, documentIds) {
      const scale = inverseLength(vector);
      const query = Float64Array.from(vector, (value) => value * scale);
      const top = createTopScores(Math.max(0, limit));
      for (const [block, numbers] of blocks.entries()) {
        const start = block * BLOCK_ROWS;
        const into = dots.subarray(0, Math.min(BLOCK_ROWS, owners.length - start));
        scanDots(query, numbers, dimensions, dimensions, into);
        for (let at = 0; at < into.length; at += 1) {
          if (documentIds !== undefined && !documentIds.has(owners[start + at]?.documentId ?? "")) continue;
          top.offer(start + at, into[at] ?? 0);
        }
      }
      return top.drain().map(({ item, score }) => ({ chunkId: owners[item]?.chunkId ?? "", similarity: Math.max(-1, Math.min(1, score)) }));
    },
  };
}

/** 1 / length; 0 for a zero vector, which resembles nothing. */
function inverseLength(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares > 0 ? 1 / Math.sqrt(squares) : 0;
}
