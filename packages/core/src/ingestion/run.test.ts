import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import type { Chunk, DocumentSummary, IndexedChunk, StoredDocument } from "../model.ts";
import type { IngestionEvent } from "./events.ts";
import { type IngestionDependencies, runIngestion } from "./run.ts";
import { type DocumentSource, type SourceEntry, type SourceFailure, UnprocessableDocument } from "./source.ts";

/** Any stable function with 64 hexadecimal digits will do for a digest here. */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const unit of text) hash = BigInt.asUintN(64, (hash ^ BigInt(unit.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0").repeat(4);
}

type Folder = Map<string, string>;

function createScene(files: Record<string, string> = {}) {
  const folder: Folder = new Map(Object.entries(files));
  const rows = new Map<string, { document: StoredDocument; chunks: readonly Chunk[] }>();
  const indexed = new Map<string, readonly IndexedChunk[]>();
  const broken = new Set<string>();
  const unlisted: SourceFailure[] = [];
  const calls = { read: 0, replace: 0, refresh: 0 };
  const failing: { replace?: unknown; index?: unknown } = {};
  const unexpected: string[] = [];
  let now = 0;
  const dependencies: IngestionDependencies = {
    source: {
      pathPrefix: "",
      async *list() {
        yield* unlisted;
        for (const [path, text] of folder) {
          const entry: SourceEntry = { kind: "file", path, sizeBytes: text.length, sourceHash: digest(text) };
          yield entry;
        }
      },
      async read({ path }) {
        calls.read += 1;
        const text = folder.get(path);
        if (text === undefined || broken.has(path)) throw new UnprocessableDocument("decode", "it is binary");
        return { title: path, format: "markdown", text, sourceHash: digest(text), sizeBytes: text.length };
      },
    },
    documents: {
      async listDocuments() {
        return [...rows.values()].map(({ document: { text: _, ...rest }, chunks }): DocumentSummary => ({ ...rest, chunkCount: chunks.length }));
      },
      async replaceDocument(document, chunks) {
        calls.replace += 1;
        if (failing.replace !== undefined) throw failing.replace;
        rows.set(document.id, { document, chunks });
      },
      async removeDocument(documentId) {
        const row = rows.get(documentId);
        if (row === undefined) return undefined;
        rows.delete(documentId);
        return { documentId, path: row.document.path, rows: { documents: 1, chunks: row.chunks.length } };
      },
    },
    index: {
      upsertDocument(chunks) {
        if (failing.index !== undefined) throw failing.index;
        indexed.set(chunks[0]?.documentId ?? "", chunks);
      },
      removeDocument: (id) => void indexed.delete(id),
      refresh() {
        calls.refresh += 1;
      },
    },
    digest,
    clock: { now: () => 1000, monotonic: () => (now += 5) },
    onUnexpectedError: (path) => unexpected.push(path),
  };
  const run = async (signal?: AbortSignal): Promise<IngestionEvent[]> => Array.fromAsync(runIngestion(dependencies, { signal }));
  const storedTexts = (): Record<string, string> =>
    Object.fromEntries([...rows.values()].map(({ document }) => [document.path, document.text]).sort());
  return { folder, rows, indexed, broken, unlisted, calls, failing, unexpected, dependencies, run, storedTexts };
}

const outcomes = (events: readonly IngestionEvent[]) => events.flatMap((event) => (event.type === "file" ? [`${event.path} ${event.outcome}`] : []));
const finished = (events: readonly IngestionEvent[]) => events.find((event) => event.type === "finished");

type Edit =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "run" }
  | { readonly kind: "kill"; readonly afterEvents: number };

const path = fc.constantFrom("a.md", "b.md", "c/d.md", "c/e.md");
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), path, text: fc.constantFrom("One.", "# Two\n\nThree.", "Four. ".repeat(600)) }),
  fc.record({ kind: fc.constant("delete" as const), path }),
  fc.record({ kind: fc.constant("run" as const) }),
  fc.record({ kind: fc.constant("kill" as const), afterEvents: fc.nat(6) }),
);

async function take(scene: ReturnType<typeof createScene>, step: Edit): Promise<void> {
  switch (step.kind) {
    case "write":
      scene.folder.set(step.path, step.text);
      return;
    case "delete":
      scene.folder.delete(step.path);
      return;
    case "run":
      await scene.run();
      return;
    case "kill": {
      let left = step.afterEvents;
      for await (const _ of runIngestion(scene.dependencies)) {
        if (left === 0) return;
        left -= 1;
      }
    }
  }
}

describe("runIngestion", () => {
  it("stores and indexes every new file, with exact chunks", async () => {
    const scene = createScene({ "a.md": "# A\n\nText of a.", "b/c.md": "Text of c." });
    const events = await scene.run();
    expect(events).toEqual([
      { type: "started", total: 2 },
      { type: "file", path: "a.md", outcome: "added", chunks: 1 },
      { type: "progress", done: 1, total: 2 },
      { type: "file", path: "b/c.md", outcome: "added", chunks: 1 },
      { type: "progress", done: 2, total: 2 },
      { type: "finished", counts: { added: 2, changed: 0, removed: 0, unchanged: 0, failed: 0 }, failures: [], durationMs: 5 },
    ]);
    const id = `doc_${digest("a.md").slice(0, 24)}`;
    const row = scene.rows.get(id);
    const contentHash = digest("# A\n\nText of a.");
    expect(row?.document).toMatchObject({ id, path: "a.md", contentHash, updatedAtMs: 1000 });
    expect(row?.chunks).toEqual([
      { id: `${id}.${contentHash.slice(0, 8)}.0`, documentId: id, ordinal: 0, start: 0, end: 15, headingPath: ["A"], text: "# A\n\nText of a." },
    ]);
    expect(scene.indexed.get(id)?.[0]).toMatchObject({ path: "a.md", title: "a.md", contentHash });
    expect(scene.calls.refresh).toBe(1);
  });

  it("neither reads nor writes unchanged files, and leaves the index alone", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B." });
    await scene.run();
    const before = { ...scene.calls };
    expect(outcomes(await scene.run())).toEqual(["a.md unchanged", "b.md unchanged"]);
    expect(scene.calls).toEqual(before);
  });

  it("replaces changed files under their id and removes those that are gone", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B." });
    await scene.run();
    const ids = [...scene.rows.keys()];
    scene.folder.set("a.md", "A2.").delete("b.md");
    expect(outcomes(await scene.run())).toEqual(["b.md removed", "a.md changed"]);
    expect(scene.storedTexts()).toEqual({ "a.md": "A2." });
    expect([...scene.rows.keys()]).toEqual(ids.slice(0, 1));
    expect([...scene.indexed.keys()]).toEqual(ids.slice(0, 1));
  });

  it("sets a bad file aside with stage and reason and goes on", async () => {
    const scene = createScene({ "a.md": "A.", "bad.md": "B.", "c.md": "C.", "white.md": " \n " });
    scene.broken.add("bad.md");
    const events = await scene.run();
    expect(finished(events)).toMatchObject({
      counts: { added: 2, failed: 2 },
      failures: [
        { path: "bad.md", stage: "decode", reason: "it is binary", keptEarlierVersion: false },
        { path: "white.md", stage: "chunk", reason: "it holds no text", keptEarlierVersion: false },
      ],
    });
    expect(scene.unexpected).toEqual([]);
  });

  it("keeps the earlier version of a file that has become unreadable, and says so", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B." });
    await scene.run();
    scene.folder.set("a.md", "\0");
    scene.broken.add("a.md");
    scene.folder.delete("b.md");
    scene.unlisted.push({ kind: "failure", path: "b.md", scope: "file", stage: "read", reason: "permission denied" });
    expect(finished(await scene.run())).toMatchObject({
      failures: [
        { path: "b.md", stage: "read", reason: "permission denied; the version stored earlier is kept", keptEarlierVersion: true },
        { path: "a.md", stage: "decode", reason: "it is binary; the version stored earlier is kept", keptEarlierVersion: true },
      ],
    });
    expect(scene.storedTexts()).toEqual({ "a.md": "A.", "b.md": "B." });
  });

  it("removes nothing below a folder that could not be listed", async () => {
    const scene = createScene({ "x/a.md": "A.", "xy.md": "B." });
    await scene.run();
    scene.folder.clear();
    scene.unlisted.push({ kind: "failure", path: "x", scope: "folder", stage: "read", reason: "permission denied" });
    expect(outcomes(await scene.run())).toEqual(["x failed", "xy.md removed"]);
    expect(scene.storedTexts()).toEqual({ "x/a.md": "A." });
  });

  it("leaves the documents of another source alone that lie below a prefix of their own", async () => {
    const scene = createScene({ "a.md": "A.", "uploads/b.md": "B." });
    await scene.run();
    scene.folder.clear();
    const mine = { ...scene.dependencies, source: { ...scene.dependencies.source, foreignPrefix: "uploads/" } };
    expect(outcomes(await Array.fromAsync(runIngestion(mine)))).toEqual(["a.md removed"]);
    expect(scene.storedTexts()).toEqual({ "uploads/b.md": "B." });
  });

  it("takes nothing for gone that another server has stored since it listed the files", async () => {
    const scene = createScene();
    const other = createScene({ "a.md": "A." });
    await other.run();
    const [row] = other.rows.values();
    if (row === undefined) throw new Error("a document was expected");
    const source: DocumentSource = {
      ...scene.dependencies.source,
      async *list() {
        scene.rows.set(row.document.id, row);
        yield* [];
      },
    };
    await Array.fromAsync(runIngestion({ ...scene.dependencies, source }));
    expect(scene.storedTexts()).toEqual({ "a.md": "A." });
  });

  it("removes only documents below its own prefix", async () => {
    const scene = createScene({ "mine/a.md": "A.", "other/b.md": "B." });
    await scene.run();
    scene.folder.clear();
    const mine = { ...scene.dependencies, source: { ...scene.dependencies.source, pathPrefix: "mine/" } };
    expect(outcomes(await Array.fromAsync(runIngestion(mine)))).toEqual(["mine/a.md removed"]);
    expect(scene.storedTexts()).toEqual({ "other/b.md": "B." });
  });

  it("ends with the store's error when the store is away, reporting nothing as stored that is not", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B." });
    const away = new RagError("store_unavailable", "The store is away.");
    const seen: IngestionEvent[] = [];
    const run = async (): Promise<void> => {
      for await (const event of runIngestion(scene.dependencies)) {
        seen.push(event);
        if (event.type === "file") scene.failing.replace = away;
      }
    };
    await expect(run()).rejects.toBe(away);
    expect(outcomes(seen)).toEqual(["a.md added"]);
    expect(scene.storedTexts()).toEqual({ "a.md": "A." });
    expect(scene.calls.refresh).toBe(1);
  });

  it("sets aside a file that the store refuses for itself, and hands the error to the log", async () => {
    const scene = createScene({ "a.md": "A." });
    scene.failing.replace = new TypeError("secret detail");
    expect(finished(await scene.run())).toMatchObject({
      failures: [{ path: "a.md", stage: "store", reason: "an unexpected error; the log says more" }],
    });
    expect(scene.unexpected).toEqual(["a.md"]);
  });

  it("says when a stored file could not be indexed", async () => {
    const scene = createScene({ "a.md": "A." });
    scene.failing.index = new Error("full");
    expect(finished(await scene.run())).toMatchObject({ failures: [{ path: "a.md", stage: "index" }] });
    expect(scene.storedTexts()).toEqual({ "a.md": "A." });
  });

  it("stops at its signal after the file in hand", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B." });
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of runIngestion(scene.dependencies, { signal: abort.signal })) if (event.type === "file") abort.abort(new Error("stop"));
    };
    await expect(run()).rejects.toThrow("stop");
    expect(scene.storedTexts()).toEqual({ "a.md": "A." });
    expect(scene.calls.refresh).toBe(1);
  });

  it("is finished by the next run when it was killed between two files", async () => {
    const scene = createScene({ "a.md": "A.", "b.md": "B.", "c.md": "C." });
    for await (const event of runIngestion(scene.dependencies)) if (event.type === "file") break;
    expect(outcomes(await scene.run())).toEqual(["a.md unchanged", "b.md added", "c.md added"]);
    expect(scene.storedTexts()).toEqual({ "a.md": "A.", "b.md": "B.", "c.md": "C." });
  });

  it("brings store and index to the folder after any edits, runs and kills", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 25 }), async (edits) => {
        const scene = createScene();
        for (const edited of edits) await take(scene, edited);
        await scene.run();
        expect(scene.storedTexts()).toEqual(Object.fromEntries([...scene.folder].sort()));
        expect([...scene.indexed.keys()].sort()).toEqual([...scene.rows.keys()].sort());
        for (const { document, chunks } of scene.rows.values()) {
          for (const chunk of chunks) expect(document.text.slice(chunk.start, chunk.end)).toBe(chunk.text);
        }
      }),
      { numRuns: 300 },
    );
  });
});
