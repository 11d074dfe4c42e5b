import { createHybridIndex, type HybridIndex, type IndexedChunk } from "@rag-personal/core";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { createSearchIndex, type SpaceStore } from "./search-index.ts";

const chunk = (documentId: string, text: string): IndexedChunk => ({
  id: `${documentId}.0`,
  documentId,
  ordinal: 0,
  start: 0,
  end: text.length,
  headingPath: [],
  text,
  path: `${documentId}.md`,
  title: documentId,
  contentHash: "h",
});

const STORED = [chunk("owl", "The owl sleeps in the barn."), chunk("bee", "The bee lives in the hive."), chunk("cod", "The cod swims in the sea.")];

/** An index over stored chunks; the space is kept in memory, as it would be between starts. */
function scene({ kept }: { kept?: Uint8Array } = {}) {
  const space: { bytes: Uint8Array | undefined; saves: number } = { bytes: kept, saves: 0 };
  const store: SpaceStore = {
    load: async () => space.bytes,
    loadNewer: async () => undefined,
    save: async (bytes) => {
      space.bytes = bytes;
      space.saves += 1;
    },
  };
  const hybrid: HybridIndex = createHybridIndex();
  const index = createSearchIndex({
    index: hybrid,
    async *loadChunks() {
      for (const stored of STORED) yield [stored];
    },
    space: store,
    log: pino({ level: "silent" }),
    nextTurn: async () => {},
  });
  const find = async (query: string): Promise<string[]> => (await hybrid.search(query, { limit: 5 })).map((hit) => hit.chunk.documentId);
  return { index, space, find };
}

describe("the search index", () => {
  it("finds what is stored once it is loaded, and learns its space beside", async () => {
    const { index, space, find } = scene();
    expect(await find("owl")).toEqual([]);
    await index.load();
    expect(await find("barn owl")).toContain("owl");
    await index.trained();
    expect(index.stats().dimensions).toBeGreaterThan(0);
    expect(space.saves).toBe(1);
  });

  it("takes up the kept space at the next start instead of learning it again", async () => {
    const first = scene();
    await first.index.load();
    await first.index.trained();
    const second = scene({ ...(first.space.bytes === undefined ? {} : { kept: first.space.bytes }) });
    await second.index.load();
    expect(second.index.stats().dimensions).toBe(first.index.stats().dimensions);
    await second.index.trained();
    expect(second.space.saves).toBe(0);
  });

  it("learns anew when what is kept cannot be read", async () => {
    const { index, space } = scene({ kept: new Uint8Array([1, 2, 3]) });
    await index.load();
    await index.trained();
    expect(space.saves).toBe(1);
  });

  it("forgets a document at once and says which chunks went", async () => {
    const { index, find } = scene();
    await index.load();
    expect(await index.forget("owl")).toMatchObject([{ id: "owl.0" }]);
    expect(await find("owl barn")).not.toContain("owl");
    expect(await index.forget("owl")).toEqual([]);
  });

  it("learns a new space when the collection has outgrown the old one", async () => {
    const { index, space } = scene();
    await index.load();
    await index.trained();
    for (let at = 0; at < 6; at += 1)
      index.upsertDocument([chunk(`new-${at}`, `Document ${at} speaks of kettles, number ${at} of copper and iron.`)]);
    await index.refresh();
    await index.trained();
    expect(space.saves).toBe(2);
  });

  it("brings the index to what is stored now, and tells a follower what differs", async () => {
    const told: string[] = [];
    const stored = new Map(STORED.map((each) => [each.documentId, [each]]));
    const hybrid = createHybridIndex();
    const index = createSearchIndex({
      index: hybrid,
      async *loadChunks() {
        yield* stored.values();
      },
      space: { load: async () => undefined, loadNewer: async () => undefined, save: async () => {} },
      follower: {
        upsertDocument: ([first]) => void told.push(`+${first?.documentId}`),
        removeDocument: (documentId) => void told.push(`-${documentId}`),
        refresh: () => void told.push("refresh"),
      },
      log: pino({ level: "silent" }),
      nextTurn: async () => {},
    });
    await index.load();
    await index.trained();
    told.length = 0;
    expect(await index.reload()).toBe(0);
    expect(told).toEqual([]);
    stored.delete("cod");
    stored.set("owl", [{ ...chunk("owl", "The owl hunts in the meadow."), id: "owl.1" }]);
    expect(await index.reload()).toBe(2);
    expect(told).toEqual(["+owl", "-cod", "refresh"]);
    expect([...index.chunkIds()].sort()).toEqual(["bee.0", "owl.1"]);
    expect((await hybrid.search("owl meadow", { limit: 1 }))[0]?.chunk.id).toBe("owl.1");
    await index.stop();
  });

  it("makes searchable what a reload that broke off had loaded, although it no longer differs", async () => {
    const stored = new Map(STORED.map((each) => [each.documentId, [each]]));
    let breaksOff = false;
    const hybrid = createHybridIndex();
    const index = createSearchIndex({
      index: hybrid,
      async *loadChunks() {
        yield* stored.values();
        if (breaksOff) throw new Error("the connection was lost");
      },
      space: { load: async () => undefined, loadNewer: async () => undefined, save: async () => {} },
      log: pino({ level: "silent" }),
      nextTurn: async () => {},
    });
    await index.load();
    stored.set("elk", [chunk("elk", "The elk wades through the marsh.")]);
    breaksOff = true;
    await expect(index.reload()).rejects.toThrow("lost");
    breaksOff = false;
    await index.reload();
    expect((await hybrid.search("elk in the marsh", { limit: 1 }))[0]?.chunk.documentId).toBe("elk");
    await index.stop();
  });

  it("takes up nothing more once it is stopped", async () => {
    const { index, space } = scene();
    await index.load();
    await index.trained();
    await index.stop();
    await expect(index.load()).rejects.toThrow("stopping");
    await index.trained();
    expect(space.saves).toBe(1);
  });
});
