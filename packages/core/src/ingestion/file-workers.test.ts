import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import type { IngestionEvent } from "./events.ts";
import type { FileEvent } from "./ingest-file.ts";
import { type FileWorkers, type IngestionDependencies, runIngestion } from "./run.ts";

const AT_ONCE = 4;
const FILES = Array.from({ length: 20 }, (_, number) => `${number}.md`);

/** Twenty new files, of which workers may take four at a time. */
function scene(ingest: (path: string) => Promise<FileEvent | undefined>, areThere = true) {
  const here: string[] = [];
  let underWay = 0;
  let most = 0;
  const workers: FileWorkers = {
    atOnce: AT_ONCE,
    areThere: async () => areThere,
    async ingest({ path }) {
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      return await ingest(path).finally(() => {
        underWay -= 1;
      });
    },
  };
  const dependencies: IngestionDependencies = {
    source: {
      pathPrefix: "",
      async *list() {
        for (const path of FILES) yield { kind: "file", path, sizeBytes: 1, sourceHash: path };
      },
      async read({ path }) {
        here.push(path);
        return { title: path, format: "markdown", text: `About ${path}.`, sourceHash: path, sizeBytes: 1 };
      },
    },
    documents: { listDocuments: async () => [], replaceDocument: async () => {}, removeDocument: async () => undefined },
    index: { upsertDocument: () => {}, removeDocument: () => {}, refresh: () => {} },
    digest: (text) => text.padEnd(64, "0"),
    clock: { now: () => 0, monotonic: () => 0 },
    workers,
  };
  return {
    here,
    underWay: () => underWay,
    most: () => most,
    run: async (signal?: AbortSignal): Promise<IngestionEvent[]> => await Array.fromAsync(runIngestion(dependencies, { signal })),
  };
}

const added = (path: string): FileEvent => ({ type: "file", path, outcome: "added", chunks: 1 });
const pathsOf = (events: readonly IngestionEvent[]): string[] => events.flatMap((event) => (event.type === "file" ? [event.path] : [])).sort();

describe("an ingestion with workers", () => {
  it("gives them every file, some at a time, and tells of each once", async () => {
    const { run, here, most } = scene(async (path) => added(path));
    const events = await run();
    expect(pathsOf(events)).toEqual(FILES.toSorted());
    expect(events.at(-1)).toMatchObject({ type: "finished", counts: { added: FILES.length } });
    expect([here, most()]).toEqual([[], AT_ONCE]);
  });

  it("does here what none of them does", async () => {
    const { run, here } = scene(async (path) => (path.startsWith("1") ? undefined : added(path)));
    expect(pathsOf(await run())).toEqual(FILES.toSorted());
    expect(here.sort()).toEqual(FILES.filter((path) => path.startsWith("1")).sort());
  });

  it("does everything here, one file after the other, when there are none", async () => {
    const { run, here, most } = scene(async (path) => added(path), false);
    await run();
    expect([here, most()]).toEqual([FILES, 0]);
  });

  it("begins nothing more when the store is away, and waits for what is under way", async () => {
    const { run, underWay } = scene(async (path) => {
      if (path === "5.md") throw new RagError("store_unavailable", "away");
      return added(path);
    });
    await expect(run()).rejects.toMatchObject({ code: "store_unavailable" });
    expect(underWay()).toBe(0);
  });

  it("ends when it is stopped", async () => {
    const stopping = new AbortController();
    const { run, underWay } = scene(async (path) => {
      if (path === "6.md") stopping.abort(new Error("stopped"));
      return added(path);
    });
    await expect(run(stopping.signal)).rejects.toThrow("stopped");
    expect(underWay()).toBe(0);
  });
});
