import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import type { DocumentSummary } from "../model.ts";
import type { IngestionEvent } from "./events.ts";
import { runSources } from "./run-sources.ts";
import type { DocumentSource } from "./source.ts";

function sourceOf(pathPrefix: string, files: Readonly<Record<string, string>>, failure?: RagError): DocumentSource {
  return {
    pathPrefix,
    async *list() {
      if (failure !== undefined) throw failure;
      for (const [path, text] of Object.entries(files)) yield { kind: "file", path, sizeBytes: text.length, sourceHash: text };
    },
    read: async ({ path, sizeBytes, sourceHash }) => ({ title: path, format: "text", text: files[path] ?? "", sizeBytes, sourceHash }),
  };
}

function createScene() {
  const stored = new Map<string, DocumentSummary>();
  let now = 0;
  const run = (sources: readonly DocumentSource[]) =>
    runSources(sources, {
      documents: {
        listDocuments: async (pathPrefix = "") => [...stored.values()].filter(({ path }) => path.startsWith(pathPrefix)),
        async replaceDocument({ text: _, ...document }, chunks) {
          stored.set(document.path, { ...document, chunkCount: chunks.length });
        },
        removeDocument: async () => undefined,
      },
      index: { upsertDocument() {}, removeDocument() {}, refresh() {} },
      digest: (text) => text.padEnd(64, "0"),
      clock: { now: () => 0, monotonic: () => (now += 5) },
    });
  return { run, stored };
}

describe("several sources", () => {
  it("are gone through one after the other, and told of as one run", async () => {
    const { run } = createScene();
    const events = await Array.fromAsync(run([sourceOf("u/", { "u/a": "A.", "u/b": " " }), sourceOf("f/", { "f/c": "C." })]));
    const expected: readonly Partial<IngestionEvent>[] = [
      { type: "started", total: 2 },
      { type: "file", path: "u/a", outcome: "added" },
      { type: "progress", done: 1, total: 2 },
      { type: "file", path: "u/b", outcome: "failed" },
      { type: "progress", done: 2, total: 2 },
      { type: "progress", done: 2, total: 3 },
      { type: "file", path: "f/c", outcome: "added" },
      { type: "progress", done: 3, total: 3 },
      { type: "finished", counts: { added: 2, changed: 0, removed: 0, unchanged: 0, failed: 1 }, durationMs: 10 },
    ];
    expect(events).toMatchObject(expected);
  });

  it("keep what the earlier ones gave when a later one cannot be listed", async () => {
    const { run, stored } = createScene();
    const missing = new RagError("not_ready", "The folder is missing.");
    await expect(Array.fromAsync(run([sourceOf("u/", { "u/a": "A." }), sourceOf("f/", {}, missing)]))).rejects.toBe(missing);
    expect([...stored.keys()]).toEqual(["u/a"]);
  });
});
