/** Documents: listed, read, deleted, uploaded. */
import type { ResponsePromise } from "../http/response-promise.ts";
import type { Transport } from "../http/transport.ts";
import type { CallOptions, ClientSettings } from "../options.ts";
import { createPagedList } from "../paged-list.ts";
import type { Calls } from "../trpc/calls.ts";
import { type DeletionReceipt, type DocumentList, documentShape, pageShape, receiptShape, type StoredDocument } from "./document.ts";
import { createUpload, type Upload } from "./upload.ts";

/** Which documents to list. */
export interface DocumentFilter {
  /** Documents in one page, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** `nextCursor` of an earlier page, to go on behind it. */
  readonly cursor?: string | undefined;
  /** Only documents whose path begins with this. */
  readonly pathPrefix?: string | undefined;
}

/** The documents that the credential may see. */
export interface Documents {
  /**
   * Lists documents by their paths. Nothing is sent until it is read; `options` hold for each page.
   *
   * @throws when it is read: what {@link Chat.ask} throws.
   *
   * @example
   * ```ts
   * for await (const { id, path, chunkCount } of client.documents.list()) console.log(id, path, chunkCount);
   * ```
   */
  list(filter?: DocumentFilter, options?: CallOptions): DocumentList;
  /**
   * One document with its stored text.
   *
   * @throws NotFoundError when there is none.
   *
   * @example
   * ```ts
   * const { citations } = await client.chat.ask("How long is the warranty?");
   * for (const { documentId, start, end } of citations) {
   *   const { text } = await client.documents.get(documentId);
   *   console.log(text.slice(start, end));
   * }
   * ```
   */
  get(id: string, options?: CallOptions): ResponsePromise<StoredDocument>;
  /**
   * Deletes a document from every store. It is repeated after any failure that may pass: a NotFoundError can then mean that an attempt
   * whose answer was lost has deleted it.
   *
   * @throws NotFoundError when there is none.
   *
   * @example
   * ```ts
   * const uploaded = await client.documents.upload("# Draft\n\nTo be thrown away.", { path: "drafts/one.md", type: "text/markdown" });
   * await uploaded.wait();
   * const { path, rows } = await client.documents.delete(uploaded.documentId);
   * console.log(path, rows.chunks);
   * ```
   */
  delete(id: string, options?: CallOptions): ResponsePromise<DeletionReceipt>;
  readonly upload: Upload;
}

/** @internal */
export const createDocuments = (settings: ClientSettings, transport: Transport, calls: Calls): Documents => ({
  list: ({ limit, cursor: first, pathPrefix } = {}, options = {}) =>
    createPagedList(
      (cursor) =>
        calls.call({ repetition: "harmless", shape: pageShape }, options, (trpc, given) =>
          trpc.documents.list.query({ limit, cursor, pathPrefix }, given),
        ),
      ({ documents }) => documents,
      first,
    ),
  get: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: documentShape }, options, (trpc, given) => trpc.documents.get.query({ id }, given)),
  delete: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: receiptShape }, options, (trpc, given) => trpc.documents.delete.mutate({ id }, given)),
  upload: createUpload(settings, transport, calls),
});
