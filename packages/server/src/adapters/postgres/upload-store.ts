/** Uploaded files as rows, their bytes in pieces. */
import { RagError } from "@rag-personal/core";
import type { Upload, UploadStore } from "../../uploads/upload-store.ts";
import type { Database, Query } from "./database.ts";

/** With this length, and as base64 instead of hexadecimal digits, the embedded server takes half the time of a million bytes at once. */
const PIECE_BYTES = 500_000;
/** Our place among the advisory locks of a shared server: the first eight hexadecimal digits of SHA-256 of "rag-personal uploads". */
const LOCK = 0x9f4d15ff;

interface UploadRow {
  readonly document_id: string;
  readonly path: string;
  readonly media_type: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly uploaded_at_ms: number;
  readonly uploaded_by: string;
}

export function createUploadStore({ query, transaction }: Pick<Database, "query" | "transaction">): UploadStore {
  return {
    async saveUpload(upload, parts, { maxTotalBytes }) {
      const [stored] = await query((sql) => sql<{ sha256: string }>`select sha256 from uploads where document_id = ${upload.documentId}`);
      if (stored?.sha256 === upload.sha256) return false;
      await transaction(async (run) => {
        await upsertUpload(run, upload);
        // Once before the bytes travel, and once after them, when nobody else can be between the sum and the commit.
        await requireRoom(run, maxTotalBytes);
        await run((sql) => sql`delete from upload_pieces where document_id = ${upload.documentId}`);
        let piece = 0;
        for (const bytes of pieces(parts)) {
          const digits = bytes.toString("base64");
          await run(
            (sql) => sql`insert into upload_pieces (document_id, piece, bytes) values (${upload.documentId}, ${piece}, decode(${digits}, 'base64'))`,
          );
          piece += 1;
        }
        await run((sql) => sql`select pg_advisory_xact_lock(${LOCK}::bigint)`);
        await requireRoom(run, maxTotalBytes);
      });
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
      return await transaction(async (run) => {
        // All statements see one version of the file, whatever is uploaded meanwhile.
        await run((sql) => sql`set transaction isolation level repeatable read, read only`);
        const [row] = await run((sql) => sql<UploadRow>`select * from uploads where path = ${path}`);
        if (row === undefined) return undefined;
        const upload = toUpload(row);
        const bytes = new Uint8Array(upload.sizeBytes);
        for (let piece = 0, offset = 0; offset < bytes.length; piece += 1) {
          const [part] = await run(
            (sql) => sql<{ bytes: Uint8Array }>`select bytes from upload_pieces where document_id = ${upload.documentId} and piece = ${piece}`,
          );
          if (part === undefined) throw new Error("a piece of an upload is missing");
          bytes.set(part.bytes, offset);
          offset += part.bytes.length;
        }
        return { upload, bytes };
      });
    },

    async removeUpload(documentId) {
      const [row] = await query((sql) => sql<UploadRow>`delete from uploads where document_id = ${documentId} returning *`);
      return row && toUpload(row);
    },
  };
}

async function upsertUpload(query: Query, upload: Upload): Promise<void> {
  const { documentId, path, mediaType, sha256, sizeBytes, uploadedAtMs, uploadedBy } = upload;
  await query(
    (sql) => sql`
      insert into uploads (document_id, path, media_type, sha256, size_bytes, uploaded_at_ms, uploaded_by)
      values (${documentId}, ${path}, ${mediaType}, ${sha256}, ${sizeBytes}, ${uploadedAtMs}, ${uploadedBy})
      on conflict (document_id) do update set
        media_type = excluded.media_type,
        sha256 = excluded.sha256,
        size_bytes = excluded.size_bytes,
        uploaded_at_ms = excluded.uploaded_at_ms,
        uploaded_by = excluded.uploaded_by
    `,
  );
}

/** The transaction's own upload is part of the sum. */
async function requireRoom(query: Query, maxTotalBytes: number): Promise<void> {
  const [row] = await query((sql) => sql<{ total: number }>`select coalesce(sum(size_bytes), 0)::bigint as total from uploads`);
  if ((row?.total ?? 0) > maxTotalBytes) {
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
