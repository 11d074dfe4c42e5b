/** The documents as they are stored. */
import { type DocumentSummary, RagError } from "@rag-personal/core";
import * as z from "zod";
import type { AppServices } from "../services.ts";
import type { ReceivedFile } from "../uploads/uploads.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { byId, count, isoTime, page, pathPrefix, time } from "./fields.ts";
import { type Immutable, procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const stored = {
  id: z.string(),
  path: z.string(),
  title: z.string(),
  format: z.enum(["markdown", "text", "html", "csv", "json"]),
  contentHash: z.string(),
  sourceHash: z.string(),
  sizeBytes: count,
  updatedAt: time,
};

const summary = z.object({ ...stored, chunkCount: count }).register(schemaNames, { name: "DocumentSummary" });

/** What a deletion removed, store by store. */
const receipt = z
  .object({
    documentId: z.string(),
    path: z.string(),
    rows: z.object({ documents: count, chunks: count }),
    upload: z.boolean().describe("Whether an uploaded file went with it."),
    index: z.object({ chunks: count }),
    vectors: z
      .object({ chunks: z.union([count, z.literal("pending")]), embeddings: count })
      .optional()
      .describe("Where vectors are kept. A store that is away loses them when it is back: `pending`."),
  })
  .describe("What a deletion removed, store by store.")
  .register(schemaNames, { name: "DeletionReceipt" });

const noDocument = (): RagError => new RagError("not_found", "There is no document with this id. GET /documents lists them.");

/** Made by a transport, which tells size and hash truly. JSON holds no bytes, so it has no file but one without pieces, which is none here. */
function isReceivedFile(value: unknown): value is ReceivedFile {
  return (
    typeof value === "object" &&
    value !== null &&
    "parts" in value &&
    Array.isArray(value.parts) &&
    value.parts.length > 0 &&
    value.parts.every((part) => part instanceof Uint8Array)
  );
}

const describe = ({ updatedAtMs, ...document }: DocumentSummary): Immutable<z.output<typeof summary>> => ({
  ...document,
  updatedAt: isoTime(updatedAtMs),
});

export function createDocumentProcedures(services: Pick<AppServices, "listDocuments" | "getDocument" | "deleteDocument" | "uploads">) {
  return {
    list: procedure({
      operation: "documents.list",
      input: z.strictObject({ ...page, pathPrefix: pathPrefix.optional() }),
      output: z.object({ documents: z.array(summary), nextCursor: z.string().nullable() }),
      async run({ limit, cursor, pathPrefix: prefix }, { principal }) {
        const found = await services.listDocuments(principal, {
          // One more tells whether there is another page.
          limit: limit + 1,
          after: cursor === undefined ? undefined : decodeCursor(cursor),
          pathPrefixes: prefix === undefined ? undefined : [prefix],
        });
        const documents = found.slice(0, limit);
        const last = found.length > limit ? documents.at(-1) : undefined;
        return { documents: documents.map(describe), nextCursor: last === undefined ? null : encodeCursor(last.path) };
      },
    }),
    get: procedure({
      operation: "documents.get",
      input: byId,
      output: z.object({ ...stored, text: z.string() }).register(schemaNames, { name: "Document" }),
      async run({ id }, { principal }) {
        const document = await services.getDocument(principal, id);
        if (document === undefined) throw noDocument();
        const { updatedAtMs, ...rest } = document;
        return { ...rest, updatedAt: isoTime(updatedAtMs) };
      },
    }),
    upload: procedure({
      operation: "documents.upload",
      input: z.strictObject({ path: z.string(), file: z.custom<ReceivedFile>(isReceivedFile, "must be sent as multipart/form-data") }),
      output: z.object({ documentId: z.string(), path: z.string(), sizeBytes: count, jobId: z.string() }),
      run: ({ path, file }, { principal }) => services.uploads.keep(principal, path, file),
    }),
    delete: procedure({
      operation: "documents.delete",
      input: byId,
      output: receipt,
      async run({ id }, { principal }) {
        const gone = await services.deleteDocument(principal, id);
        if (gone === undefined) throw noDocument();
        return gone;
      },
    }),
  };
}
