/** What every document store must do. */
import type { Chunk, DocumentStore, IndexedChunk, StoredDocument } from "@rag-personal/core";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

/** A document as the contract stores it; fields may be overridden. */
function document(overrides: Partial<StoredDocument> = {}): StoredDocument {
  return {
    id: "doc_1",
    path: "notes/one.md",
    title: "One – “ünïcode” 🦉",
    format: "markdown",
    contentHash: "c".repeat(64),
    sourceHash: "5".repeat(64),
    sizeBytes: 5_000_000_000,
    updatedAtMs: 1_700_000_000_123,
    text: '# One\n\nFirst 🦉 passage.\r\n\tSecond passage, it\'s \\ "quoted".',
    ...overrides,
  };
}

/** Chunks of the document's text, cut at the given offsets. */
function chunksOf({ id, text, contentHash }: StoredDocument, ...cuts: number[]): Chunk[] {
  const bounds = [0, ...cuts, text.length];
  return bounds.slice(1).map((end, ordinal) => {
    const start = bounds[ordinal] ?? 0;
    const chunkId = `${id}.${contentHash.slice(0, 8)}.${ordinal}`;
    return {
      id: chunkId,
      documentId: id,
      ordinal,
      start,
      end,
      headingPath: ordinal === 0 ? [] : ["One", `Part ${ordinal} 🦉`],
      text: text.slice(start, end),
    };
  });
}

function indexed(chunks: readonly Chunk[], { path, title, contentHash }: StoredDocument): IndexedChunk[] {
  return chunks.map((chunk) => ({ ...chunk, path, title, contentHash }));
}

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function documentStoreContract(name: string, makeStore: () => DocumentStore | Promise<DocumentStore>): void {
  describe(`${name} as a document store`, () => {
    let store: DocumentStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    const loadAll = (): Promise<(readonly IndexedChunk[])[]> => Array.fromAsync(store.loadChunks());

    it("knows nothing at first", async () => {
      expect(await store.listDocuments()).toEqual([]);
      expect(await store.listSomeDocuments({ limit: 10 })).toEqual([]);
      expect(await store.getDocument("doc_1")).toBeUndefined();
      expect(await store.removeDocument("doc_1")).toBeUndefined();
      expect(await loadAll()).toEqual([]);
    });

    it("gives back exactly what was stored", async () => {
      const chunks = chunksOf(document(), 7, 26);
      await store.replaceDocument(document(), chunks);
      const { text: _, ...summary } = document();
      expect(await store.getDocument("doc_1")).toEqual(document());
      expect(await store.listDocuments()).toEqual([{ ...summary, chunkCount: 3 }]);
      expect(await store.listSomeDocuments({ limit: 1 })).toEqual([{ ...summary, chunkCount: 3 }]);
      expect(await loadAll()).toEqual([indexed(chunks, document())]);
    });

    it("gives back any text, and chunks whose offsets count UTF-16 units", async () => {
      const anyText = fc.string({ unit: "binary", maxLength: 200 }).map((text) => text.replaceAll("\0", "."));
      await fc.assert(
        fc.asyncProperty(anyText, fc.double({ min: 0, max: 1, noNaN: true }), async (text, share) => {
          const stored = document({ text });
          const chunks = chunksOf(stored, Math.floor(text.length * share));
          await store.replaceDocument(stored, chunks);
          expect(await store.getDocument(stored.id)).toEqual(stored);
          expect(await loadAll()).toEqual([indexed(chunks, stored)]);
        }),
        { numRuns: 40 },
      );
    });

    it("replaces a document with all its chunks, also under a new path", async () => {
      await store.replaceDocument(document(), chunksOf(document(), 7, 26));
      expect(await store.listChunkIds()).toEqual(new Set(chunksOf(document(), 7, 26).map(({ id }) => id)));
      const next = document({ path: "notes/renamed.md", contentHash: "d".repeat(64), text: "Shorter." });
      await store.replaceDocument(next, chunksOf(next));
      expect(await store.getDocument("doc_1")).toEqual(next);
      expect(await loadAll()).toEqual([indexed(chunksOf(next), next)]);
      expect(await store.listChunkIds()).toEqual(new Set(chunksOf(next).map(({ id }) => id)));
    });

    it("keeps the earlier version whole when the later one cannot be stored", async () => {
      const chunks = chunksOf(document(), 7);
      await store.replaceDocument(document(), chunks);
      const next = document({ text: "Another text." });
      const [chunk] = chunksOf(next);
      if (chunk === undefined) throw new Error("a chunk was expected");
      await expect(store.replaceDocument(next, [chunk, chunk])).rejects.toThrow();
      expect(await store.getDocument("doc_1")).toEqual(document());
      expect(await loadAll()).toEqual([indexed(chunks, document())]);
    });

    it("lets simultaneous writers of one document leave one version whole", async () => {
      const versions = Array.from({ length: 6 }, (_, n) =>
        document({ contentHash: String(n).repeat(64), text: `Version ${n} of the text. `.repeat(n + 1) }),
      );
      await Promise.all(versions.map((version) => store.replaceDocument(version, chunksOf(version, 9))));
      const winner = await store.getDocument("doc_1");
      const version = versions.find(({ contentHash }) => contentHash === winner?.contentHash);
      if (version === undefined) throw new Error("none of the versions was stored");
      expect(winner).toEqual(version);
      expect(await loadAll()).toEqual([indexed(chunksOf(version, 9), version)]);
    });

    it("tells what a removal removed, and leaves the others", async () => {
      const other = document({ id: "doc_2", path: "notes/two.md" });
      await store.replaceDocument(document(), chunksOf(document(), 7, 26));
      await store.replaceDocument(other, chunksOf(other));
      expect(await store.removeDocument("doc_1")).toEqual({ documentId: "doc_1", path: "notes/one.md", rows: { documents: 1, chunks: 3 } });
      expect(await store.removeDocument("doc_1")).toBeUndefined();
      expect(await store.getDocument("doc_1")).toBeUndefined();
      expect(await loadAll()).toEqual([indexed(chunksOf(other), other)]);
    });

    it("lists and loads in the order of paths by their code points", async () => {
      for (const [id, path] of [
        ["doc_1", "b.md"],
        ["doc_2", "a/z.md"],
        ["doc_3", "B.md"],
        ["doc_4", "é.md"],
      ] as const) {
        await store.replaceDocument(document({ id, path }), chunksOf(document({ id, path })));
      }
      const sorted = ["B.md", "a/z.md", "b.md", "é.md"];
      expect((await store.listDocuments()).map(({ path }) => path)).toEqual(sorted);
      expect((await loadAll()).map((chunks) => chunks[0]?.path)).toEqual(sorted);
    });

    it("lists page by page: each document once, whatever of the earlier pages has gone meanwhile", async () => {
      const paths = ["B.md", "a-b.md", "a/x.md", "a/y.md", "a0.md", "b/c/z.md", "b/d.md", "é.md", "\uffff.md", "🦉.md"];
      for (const [at, path] of paths.entries()) await store.replaceDocument(document({ id: `doc_${at}`, path }), []);
      const listed: string[] = [];
      for (let after: string | undefined; ; after = listed.at(-1)) {
        const page = (await store.listSomeDocuments({ limit: 3, after })).map(({ path }) => path);
        listed.push(...page);
        if (page.length < 3) break;
        await store.removeDocument(`doc_${paths.indexOf(listed.at(-1) ?? "")}`);
      }
      expect(listed).toEqual(paths);
    });

    it("lists what begins with one of some prefixes, each document once and in order", async () => {
      const paths = ["B.md", "a-b.md", "a/x.md", "a/y.md", "a0.md", "b/c/z.md", "b/d.md", "é.md"];
      for (const [at, path] of paths.entries()) await store.replaceDocument(document({ id: `doc_${at}`, path }), []);
      const list = async (pathPrefixes: readonly string[], more: { readonly after?: string; readonly limit?: number } = {}) =>
        (await store.listSomeDocuments({ limit: 100, ...more, pathPrefixes })).map(({ path }) => path);
      expect(await list(["a/"])).toEqual(["a/x.md", "a/y.md"]);
      expect(await list(["b/", "a/", "b/c/", "a/x"])).toEqual(["a/x.md", "a/y.md", "b/c/z.md", "b/d.md"]);
      expect(await list(["b/", "a/"], { after: "a/x.md", limit: 2 })).toEqual(["a/y.md", "b/c/z.md"]);
      expect(await list(["a"], { after: "a/y.md" })).toEqual(["a0.md"]);
      expect(await list([""])).toEqual(paths);
      expect(await list(["c/", "a/x.md/"])).toEqual([]);
      expect(await list([])).toEqual([]);
      expect((await store.listDocuments("b/")).map(({ path }) => path)).toEqual(["b/c/z.md", "b/d.md"]);
      expect((await store.listDocuments()).map(({ path }) => path)).toEqual(paths);
    });

    it("stores a document without chunks, and has none of it to load", async () => {
      await store.replaceDocument(document({ text: "" }), []);
      expect(await store.getDocument("doc_1")).toEqual(document({ text: "" }));
      expect(await store.listDocuments()).toMatchObject([{ chunkCount: 0 }]);
      expect(await loadAll()).toEqual([]);
    });

    it("stores a text of many pieces in 50,000 chunks", async () => {
      // An odd number of units before the pairs, so that some boundary of pieces falls between two halves.
      const large = document({ text: `x${"🦉".repeat(1_250_000)}` });
      const chunks = chunksOf(large, ...Array.from({ length: 49_999 }, (_, n) => 50 * (n + 1) + 1));
      await store.replaceDocument(large, chunks);
      const loaded = await loadAll();
      expect((await store.getDocument("doc_1"))?.text === large.text).toBe(true);
      expect(loaded).toHaveLength(1);
      expect(loaded[0]).toHaveLength(50_000);
      expect(loaded[0]?.every(({ text, start, end }) => text === large.text.slice(start, end))).toBe(true);
    });

    it("loads a collection that takes several batches, each document once", async () => {
      const paths = ["1.md", "2.md", "3.md", "4.md", "5.md"];
      for (const path of paths) {
        const large = document({ id: `doc_${path}`, path, text: "A long text. ".repeat(120_000) });
        await store.replaceDocument(large, chunksOf(large, 1_000_000));
      }
      expect((await loadAll()).map((chunks) => chunks.map(({ documentId, ordinal }) => `${documentId} ${ordinal}`))).toEqual(
        paths.map((path) => [`doc_${path} 0`, `doc_${path} 1`]),
      );
    });

    it("replaces what cannot be stored by U+FFFD, one for one, and the chunks with it", async () => {
      const odd = document({ title: "NUL \0", text: "a\0b \ud83e and \udd89 c" });
      await store.replaceDocument(odd, chunksOf(odd, 4));
      expect(await store.getDocument("doc_1")).toMatchObject({ title: "NUL \uFFFD", text: "a\uFFFDb \uFFFD and \uFFFD c" });
      expect((await loadAll())[0]?.map(({ text }) => text)).toEqual(["a\uFFFDb ", "\uFFFD and \uFFFD c"]);
    });
  });
}
