/** Vectors of texts as rows. */
import type { EmbeddingStore } from "@rag-personal/core";
import { JSONB } from "./column-types.ts";
import type { Database } from "./database.ts";

/** Rows of one statement: some hundreds of kilobytes, for the embedded server takes quadratic time for a large message. */
const ROWS_PER_STATEMENT = 128;

export function createEmbeddingStore({ query }: Pick<Database, "query">): EmbeddingStore {
  return {
    async loadEmbeddings(embedderId, digests) {
      const found = new Map<string, Float32Array>();
      for (const part of parts(digests)) {
        const rows = await query(
          (sql) => sql<{ text_digest: string; vector: Uint8Array }>`
            select text_digest, vector
            from embeddings
            where embedder_id = ${embedderId} and text_digest in (select jsonb_array_elements_text(${sql.typed(part, JSONB)}))
          `,
        );
        for (const { text_digest, vector } of rows) found.set(text_digest, toVector(vector));
      }
      return found;
    },

    async saveEmbeddings(embedderId, vectors) {
      for (const part of parts([...vectors])) {
        const rows = part.map(([digest, vector]) => ({ digest, vector: toBase64(vector) }));
        await query(
          (sql) => sql`
            insert into embeddings (embedder_id, text_digest, vector)
            select ${embedderId}, digest, decode(vector, 'base64')
            from jsonb_to_recordset(${sql.typed(rows, JSONB)}) as row (digest text, vector text)
            on conflict (embedder_id, text_digest) do nothing
          `,
        );
      }
    },

    async listEmbeddingDigests() {
      const rows = await query((sql) => sql<{ text_digest: string }>`select distinct text_digest from embeddings`);
      return new Set(rows.map(({ text_digest }) => text_digest));
    },

    async removeEmbeddings(digests) {
      let removed = 0;
      for (const part of parts(digests)) {
        const { count } = await query(
          (sql) => sql`delete from embeddings where text_digest in (select jsonb_array_elements_text(${sql.typed(part, JSONB)}))`,
        );
        removed += count;
      }
      return removed;
    },
  };
}

function parts<T>(all: readonly T[]): T[][] {
  const cut: T[][] = [];
  for (let first = 0; first < all.length; first += ROWS_PER_STATEMENT) cut.push(all.slice(first, first + ROWS_PER_STATEMENT));
  return cut;
}

function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}

function toVector(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getFloat32(at * 4, true));
}
