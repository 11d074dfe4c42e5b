/** Uploaded files as rows, their bytes in pieces. */
import { RagError } from "@rag-personal/core";
import type { Upload, UploadStore } from "../../uploads/upload-store.ts";
import type { Database, Query } from "./database.ts";
import { storeUnavailable } from "./store-errors.ts";

/** With this length, and as base64 instead of hexadecimal digits, the embedded server takes half the time of a million bytes at once. */
const PIECE_BYTES = 500_000;
/** Our place among the advisory locks of a shared server: the first eight hexadecimal digits of SHA-256 of "rag-personal uploads". */
const LOCK = 0x9f4d15ff;

/** A file that is replaced again and again while it is read is somebody's mistake. */
const READ_ATTEMPTS = 5;

interface UploadRow {
  readonly document_id: string;
  readonly path: string;
  readonly media_type: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly uploaded_at_ms: number;
  readonly uploaded_by: string;
  readonly content_id: number;
}

export function createUploadStore({ query, transaction }: Pick<Database, "query" | "transaction">): UploadStore {
  return {
    async saveUpload(upload, parts, { maxTotalBytes }) {
      const [stored] = await query(
        (sql) => sql<{ sha256: string; size_bytes: number }>`select sha256, size_bytes from uploads where document_id = ${upload.documentId}`,
      );
      if (stored?.sha256 === upload.sha256) return false;
      // Before the bytes travel, and once more when nobody else can be between the sum and the commit.
      await requireRoom(query, maxTotalBytes, upload.sizeBytes - (stored?.size_bytes ?? 0));
      const contentId = await writeContent(query, parts);
      try {
        await transaction(async (run) => {
          await run((sql) => sql`select pg_advisory_xact_lock(${LOCK}::bigint)`);
          const [replaced] = await run((sql) => sql<UploadRow>`select content_id from uploads where document_id = ${upload.documentId}`);
          await upsertUpload(run, upload, contentId);
          await requireRoom(run, maxTotalBytes, 0);
          if (replaced !== undefined) await removeContent(run, replaced.content_id);
        });
      } catch (error) {
        await removeContent(query, contentId).catch(() => undefined);
        throw error;
      }
      return true;
    },

    async getUpload(documentId) {
      const [row] = await query((sql) => sql<UploadRow>`select * from uploads where document_id = ${documentId}`);
      return row && toUpload(row);
    },

    async listUploads() {
      const rows = await query((sql) => sql<UploadRow>`select * from uploads order by path`);
      return rows.map(toUpload);
    },

    async readUpload(path) {
      for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
        const [row] = await query((sql) => sql<UploadRow>`select * from uploads where path = ${path}`);
        if (row === undefined) return undefined;
        const bytes = await readContent(query, row);
        if (bytes !== undefined) return { upload: toUpload(row), bytes };
      }
      throw storeUnavailable("An upload was replaced each time it was being read.");
    },

    async removeUpload(documentId) {
      const [row] = await query(
        (sql) => sql<UploadRow>`
          with gone as (delete from uploads where document_id = ${documentId} returning *),
            content as (delete from upload_contents where id in (select content_id from gone))
          select * from gone
        `,
      );
      return row && toUpload(row);
    },
  };
}

/** Also removes what was left by uploads that failed and servers that were killed. @returns the id of the content. */
async function writeContent(query: Query, parts: readonly Uint8Array[]): Promise<number> {
  await query(
    (sql) => sql`
      delete from upload_contents
      where begun_at < now() - interval '1 hour' and not exists (select from uploads where content_id = upload_contents.id)
    `,
  );
  const [content] = await query((sql) => sql<{ id: number }>`insert into upload_contents default values returning id`);
  if (content === undefined) throw new Error("an insert returned nothing");
  const { id } = content;
  try {
    let piece = 0;
    for (const bytes of pieces(parts)) {
      const digits = bytes.toString("base64");
      await query((sql) => sql`insert into upload_pieces (content_id, piece, bytes) values (${id}, ${piece}, decode(${digits}, 'base64'))`);
      piece += 1;
    }
    return id;
  } catch (error) {
    await removeContent(query, id).catch(() => undefined);
    throw error;
  }
}

/** Undefined when another one has taken its place meanwhile. */
async function readContent(query: Query, { content_id, size_bytes }: UploadRow): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size_bytes);
  for (let piece = 0, offset = 0; offset < bytes.length; piece += 1) {
    const [row] = await query(
      (sql) => sql<{ bytes: Uint8Array }>`select bytes from upload_pieces where content_id = ${content_id} and piece = ${piece}`,
    );
    if (row === undefined) return undefined;
    bytes.set(row.bytes, offset);
    offset += row.bytes.length;
  }
  return bytes;
}

async function removeContent(query: Query, id: number): Promise<void> {
  await query((sql) => sql`delete from upload_contents where id = ${id}`);
}

async function upsertUpload(query: Query, upload: Upload, contentId: number): Promise<void> {
  const { documentId, path, mediaType, sha256, sizeBytes, uploadedAtMs, uploadedBy } = upload;
  await query(
    (sql) => sql`
      insert into uploads (document_id, path, media_type, sha256, size_bytes, uploaded_at_ms, uploaded_by, content_id)
      values (${documentId}, ${path}, ${mediaType}, ${sha256}, ${sizeBytes}, ${uploadedAtMs}, ${uploadedBy}, ${contentId})
      on conflict (document_id) do update set
        media_type = excluded.media_type,
        sha256 = excluded.sha256,
        size_bytes = excluded.size_bytes,
        uploaded_at_ms = excluded.uploaded_at_ms,
        uploaded_by = excluded.uploaded_by,
        content_id = excluded.content_id
    `,
  );
}

/** @param growth bytes that are not part of the sum yet. */
async function requireRoom(query: Query, maxTotalBytes: number, growth: number): Promise<void> {
  const [row] = await query((sql) => sql<{ total: number }>`select coalesce(sum(size_bytes), 0)::bigint as total from uploads`);
  if ((row?.total ?? 0) + growth > maxTotalBytes) {
    throw new RagError(
      "payload_too_large",
      `All uploads together would be larger than the ${maxTotalBytes} bytes allowed (MAX_UPLOADS_BYTES). Delete documents that were uploaded, by DELETE /documents/{id}, or raise the limit.`,
    );
  }
}

/** The bytes cut anew, each piece as long as allowed but for the last one, and good until the next is asked for. */
function* pieces(parts: readonly Uint8Array[]): Generator<Buffer> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let length = 0;
  for (const part of parts) {
    for (let offset = 0; offset < part.length; ) {
      const taken = part.subarray(offset, offset + PIECE_BYTES - length);
      piece.set(taken, length);
      length += taken.length;
      offset += taken.length;
      if (length < PIECE_BYTES) continue;
      yield piece;
      length = 0;
    }
  }
  if (length > 0) yield piece.subarray(0, length);
}

function toUpload(row: UploadRow): Upload {
  return {
    documentId: row.document_id,
    path: row.path,
    mediaType: row.media_type,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    uploadedAtMs: row.uploaded_at_ms,
    uploadedBy: row.uploaded_by,
  };
}
