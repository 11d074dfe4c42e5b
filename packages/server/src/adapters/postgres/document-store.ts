/** Documents and their chunks as rows. */
import type { Chunk, DocumentFormat, DocumentStore, DocumentSummary, IndexedChunk, StoredDocument } from "@rag-personal/core";
import { CHANGES_CHANNEL, KEPT_CHANGES, noteChange } from "./change-log.ts";
import { JSONB } from "./column-types.ts";
import type { Database, Query } from "./database.ts";
import { createKnownDocuments } from "./known-documents.ts";
import { pathRange, pathRanges } from "./path-ranges.ts";
import { toStorableText } from "./storable-text.ts";

/** UTF-16 units of one piece of a text; the migration says why. */
const PIECE_UNITS = 1_000_000;
/** Chunks of one insert: some 300 kB of JSON. */
const CHUNKS_PER_INSERT = 2_000;
/** How much of the collection is loaded with one statement, whichever is reached first; one document alone may be more. */
const BATCH = { units: 4_000_000, chunks: 20_000, documents: 500 };

interface DocumentRow {
  readonly id: string;
  readonly path: string;
  readonly title: string;
  readonly format: DocumentFormat;
  readonly content_hash: string;
  readonly source_hash: string;
  readonly size_bytes: number;
  readonly updated_at_ms: number;
}

interface SummaryRow extends DocumentRow {
  readonly chunk_count: number;
}

interface DocumentSize {
  readonly id: string;
  readonly text_length: number;
  readonly chunk_count: number;
}

interface ChunkedRow {
  readonly id: string;
  readonly path: string;
  readonly title: string;
  readonly content_hash: string;
  readonly text: string;
  /** Id, ordinal, start, end, heading path. */
  readonly chunks: readonly (readonly [string, number, number, number, readonly string[]])[];
}

/**
 * Keeps the texts exactly, but for NUL and halves of surrogate pairs, which become U+FFFD one for one. The text of a chunk is taken
 * from the document's text by its offsets.
 */
export function createDocumentStore(database: Database): DocumentStore {
  const { query, transaction } = database;
  const known = createKnownDocuments(database);
  return {
    async listDocuments(pathPrefix = "") {
      const { first, end } = pathRange(pathPrefix);
      const rows = await query(
        (sql) => sql<SummaryRow>`
          select id, path, title, format, content_hash, source_hash, size_bytes, updated_at_ms, chunk_count
          from documents
          where path >= ${first} and path < ${end}
          order by path
        `,
      );
      return rows.map(toSummary);
    },

    async listSomeDocuments({ limit, after = "", pathPrefixes }) {
      const ranges = pathRanges(pathPrefixes);
      const rows = await query(
        (sql) => sql<SummaryRow>`
          select d.*
          from jsonb_to_recordset(${sql.typed(ranges, JSONB)}) as range (first text, "end" text)
          cross join lateral (
            select id, path, title, format, content_hash, source_hash, size_bytes, updated_at_ms, chunk_count
            from documents
            where path >= range.first and path < range."end" and path > ${after}
            order by path
            limit ${limit}
          ) d
          order by d.path
          limit ${limit}
        `,
      );
      return rows.map(toSummary);
    },

    async getDocument(id) {
      const confirmed = await known.confirmed(id);
      if (confirmed !== undefined) return confirmed;
      const [row] = await query(
        (sql) => sql<DocumentRow & { row_version: string; text: string }>`
          select id, path, title, format, content_hash, source_hash, size_bytes, updated_at_ms, xmin::text as row_version,
            (select coalesce(string_agg(t.text, '' order by t.piece), '') from document_texts t where t.document_id = d.id) as text
          from documents d
          where id = ${id}
        `,
      );
      if (row === undefined) return undefined;
      const document = { ...toDocument(row), text: row.text };
      known.keep(document, row.row_version);
      return document;
    },

    async replaceDocument(document, chunks) {
      await transaction(async (run) => {
        await upsertDocument(run, document, chunks.length);
        await run((sql) => sql`delete from document_texts where document_id = ${document.id}`);
        await run((sql) => sql`delete from chunks where document_id = ${document.id}`);
        for (const [piece, text] of cutText(toStorableText(document.text)).entries()) {
          await run((sql) => sql`insert into document_texts (document_id, piece, text) values (${document.id}, ${piece}, ${text})`);
        }
        for (let first = 0; first < chunks.length; first += CHUNKS_PER_INSERT) {
          await insertChunks(run, document.id, chunks.slice(first, first + CHUNKS_PER_INSERT));
        }
        await noteChange(run, document.id);
      });
    },

    async removeDocument(id) {
      // With the change noted as by `noteChange`, in one statement.
      const [row] = await query(
        (sql) => sql<{ path: string; chunks: number }>`
          with gone as (
            delete from documents
            using (select count(*)::integer as chunks from chunks where document_id = ${id}) counted
            where id = ${id}
            returning path, counted.chunks
          ),
            counter as (update index_change_counter set last = last + 1 where exists (select from gone) returning last),
            outdated as (delete from index_changes where number <= (select last from counter) - ${KEPT_CHANGES}::bigint),
            noted as (insert into index_changes (number, document_id) select last, ${id} from counter)
          select path, chunks, pg_notify(${CHANGES_CHANNEL}, '') from gone
        `,
      );
      return row === undefined ? undefined : { documentId: id, path: row.path, rows: { documents: 1, chunks: row.chunks } };
    },

    async listChunkIds() {
      const rows = await query((sql) => sql<{ id: string }>`select id from chunks`);
      return new Set(rows.map(({ id }) => id));
    },

    async *loadChunks(documentIds) {
      const documents = await listSizes(query, documentIds);
      for (const ids of groupBySize(documents)) {
        // One statement, so that a document replaced meanwhile is seen whole, before or after.
        const rows = await query(
          (sql) => sql<ChunkedRow>`
            select id, path, title, content_hash,
              (select coalesce(string_agg(t.text, '' order by t.piece), '') from document_texts t where t.document_id = d.id) as text,
              (
                select coalesce(json_agg(json_build_array(c.id, c.ordinal, c.start_offset, c.end_offset, c.heading_path) order by c.ordinal), '[]')
                from chunks c
                where c.document_id = d.id
              ) as chunks
            from documents d
            where id in (select jsonb_array_elements_text(${sql.typed(ids, JSONB)}))
            order by path
          `,
        );
        for (const row of rows) yield toIndexedChunks(row);
      }
    },
  };
}

async function listSizes(query: Query, documentIds: readonly string[] | undefined): Promise<readonly DocumentSize[]> {
  if (documentIds === undefined) {
    return await query((sql) => sql<DocumentSize>`select id, text_length, chunk_count from documents where chunk_count > 0 order by path`);
  }
  return await query(
    (sql) => sql<DocumentSize>`
      select id, text_length, chunk_count
      from documents
      where chunk_count > 0 and id in (select jsonb_array_elements_text(${sql.typed(documentIds, JSONB)}))
      order by path
    `,
  );
}

async function upsertDocument(query: Query, document: StoredDocument, chunkCount: number): Promise<void> {
  const { id, path, title, format, contentHash, sourceHash, sizeBytes, updatedAtMs, text } = document;
  await query(
    (sql) => sql`
      insert into documents (id, path, title, format, content_hash, source_hash, size_bytes, text_length, chunk_count, updated_at_ms)
      values (${id}, ${path}, ${title}, ${format}, ${contentHash}, ${sourceHash}, ${sizeBytes}, ${text.length}, ${chunkCount}, ${updatedAtMs})
      on conflict (id) do update set
        path = excluded.path,
        title = excluded.title,
        format = excluded.format,
        content_hash = excluded.content_hash,
        source_hash = excluded.source_hash,
        size_bytes = excluded.size_bytes,
        text_length = excluded.text_length,
        chunk_count = excluded.chunk_count,
        updated_at_ms = excluded.updated_at_ms
    `,
  );
}

/** As one JSON parameter, because a statement takes 65,534 parameters at most. */
async function insertChunks(query: Query, documentId: string, chunks: readonly Chunk[]): Promise<void> {
  const rows = chunks.map(({ id, ordinal, start, end, headingPath }) => ({ id, ordinal, start, end, headings: headingPath }));
  await query(
    (sql) => sql`
      insert into chunks (id, document_id, ordinal, start_offset, end_offset, heading_path)
      select id, ${documentId}, ordinal, start, "end", headings
      from jsonb_to_recordset(${sql.typed(rows, JSONB)}) as row (id text, ordinal integer, start integer, "end" integer, headings jsonb)
    `,
  );
}

/** Cuts a text into pieces that together are the text, never between the halves of a surrogate pair. */
function cutText(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + PIECE_UNITS, text.length);
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function groupBySize(documents: readonly DocumentSize[]): string[][] {
  const groups: string[][] = [];
  let group: string[] = [];
  let units = 0;
  let chunks = 0;
  for (const { id, text_length, chunk_count } of documents) {
    units += text_length;
    chunks += chunk_count;
    if (group.length > 0 && (units > BATCH.units || chunks > BATCH.chunks || group.length === BATCH.documents)) {
      groups.push(group);
      group = [];
      units = text_length;
      chunks = chunk_count;
    }
    group.push(id);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function toDocument(row: DocumentRow): Omit<StoredDocument, "text"> {
  return {
    id: row.id,
    path: row.path,
    title: row.title,
    format: row.format,
    contentHash: row.content_hash,
    sourceHash: row.source_hash,
    sizeBytes: row.size_bytes,
    updatedAtMs: row.updated_at_ms,
  };
}

function toSummary(row: SummaryRow): DocumentSummary {
  return { ...toDocument(row), chunkCount: row.chunk_count };
}

function toIndexedChunks({ id: documentId, path, title, content_hash: contentHash, text, chunks }: ChunkedRow): IndexedChunk[] {
  return chunks.map(([id, ordinal, start, end, headingPath]) => {
    return { id, documentId, ordinal, start, end, headingPath, text: text.slice(start, end), path, title, contentHash };
  });
}
