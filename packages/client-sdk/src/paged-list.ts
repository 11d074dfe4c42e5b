/** A long list, asked for page by page as it is read. */

/**
 * The items of a long list, one after the other. Each iteration begins anew; a page is asked for when the one before has been read.
 *
 * @example
 * ```ts
 * for await (const { path, title } of client.documents.list({ pathPrefix: "reports/" })) console.log(path, title);
 * const all = await client.documents.list().toArray();
 * console.log(all.length);
 * ```
 */
export interface PagedList<Item, Page> extends AsyncIterable<Item> {
  /** The same page by page, each with the cursor that leads on. */
  pages(): AsyncIterable<Page>;
  /** All of them at once. */
  toArray(): Promise<Item[]>;
}

/** @internal */
export function createPagedList<Item, Page extends { readonly nextCursor: string | null }>(
  load: (cursor: string | undefined) => PromiseLike<Page>,
  itemsOf: (page: Page) => readonly Item[],
  first: string | undefined,
): PagedList<Item, Page> {
  async function* pages(): AsyncGenerator<Page, void, undefined> {
    let cursor = first;
    do {
      const page = await load(cursor);
      yield page;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  async function* items(): AsyncGenerator<Item, void, undefined> {
    for await (const page of pages()) yield* itemsOf(page);
  }

  return {
    [Symbol.asyncIterator]: items,
    pages,
    async toArray() {
      const all: Item[] = [];
      for await (const item of items()) all.push(item);
      return all;
    },
  };
}
