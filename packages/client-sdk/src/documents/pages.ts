/** A long list, asked for page by page as it is read. */
import type { DocumentPage, DocumentSummary } from "./document.ts";

/**
 * Documents, one after the other. Each iteration begins anew; a page is asked for when the one before has been read.
 *
 * @example
 * ```ts
 * for await (const { path, title } of client.documents.list({ pathPrefix: "reports/" })) console.log(path, title);
 * const all = await client.documents.list().toArray();
 * console.log(all.length);
 * ```
 */
export interface DocumentList extends AsyncIterable<DocumentSummary> {
  /** The same page by page, each with the cursor that leads on. */
  pages(): AsyncIterable<DocumentPage>;
  /** All of them at once. */
  toArray(): Promise<DocumentSummary[]>;
}

/** @internal */
export function createDocumentList(load: (cursor: string | undefined) => Promise<DocumentPage>, first: string | undefined): DocumentList {
  async function* pages(): AsyncGenerator<DocumentPage, void, undefined> {
    let cursor = first;
    do {
      const page = await load(cursor);
      yield page;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  async function* documents(): AsyncGenerator<DocumentSummary, void, undefined> {
    for await (const page of pages()) yield* page.documents;
  }

  return {
    [Symbol.asyncIterator]: documents,
    pages,
    async toArray() {
      const all: DocumentSummary[] = [];
      for await (const document of documents()) all.push(document);
      return all;
    },
  };
}
