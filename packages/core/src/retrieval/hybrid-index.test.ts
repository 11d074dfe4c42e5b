import { describe, expect, it } from "vitest";
import { chunksOf, type Documents, idsOf, indexOf, TEA, upsert } from "../../test-support/small-index.ts";
import { createHybridIndex } from "./hybrid-index.ts";

describe("refreshing", () => {
  it("is needed before a change can be found", async () => {
    const index = createHybridIndex();
    upsert(index, TEA);
    expect(await idsOf(index, "tea")).toEqual([]);
    expect(index.stats()).toEqual({ documents: 0, chunks: 0, terms: 0, dimensions: 0, termSpace: 0, generation: 0 });
    await index.refresh();
    expect(index.stats()).toMatchObject({ documents: 5, chunks: 5, generation: 1 });
  });

  it("replaces all chunks of a changed document and forgets removed ones", async () => {
    const index = await indexOf({ ...TEA, notes: ["zebra crossing", "giraffe neck"] });
    index.upsertDocument(chunksOf("notes", ["walrus tusk"]));
    expect(index.removeDocument("rain")).toBe(true);
    expect(index.removeDocument("rain")).toBe(false);
    expect((await idsOf(index, "zebra"))[0]).toBe("notes");
    await index.refresh();
    expect(await idsOf(index, "zebra giraffe")).toEqual([]);
    expect(await idsOf(index, "walrus")).toEqual(["notes"]);
    expect(await idsOf(index, "clouds droplets")).not.toContain("rain");
    expect(index.stats()).toMatchObject({ documents: 5, chunks: 5, generation: 2 });
  });

  it("costs nothing when nothing has changed", async () => {
    const index = await indexOf(TEA);
    index.upsertDocument([]);
    await index.refresh();
    expect(index.stats().generation).toBe(1);
  });

  it("serves the old state until the new one is done", async () => {
    const index = await indexOf(TEA);
    upsert(index, Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`doc${at}`, `walrus number ${at} swims with tusk ${at * 7}`])));
    const seen: string[][] = [];
    await index.refresh({
      yieldNow: async () => {
        seen.push(await idsOf(index, "walrus"), await idsOf(index, "espresso"));
      },
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((_, at) => at % 2 === 0).every((ids) => ids.length === 0)).toBe(true);
    expect(seen.filter((_, at) => at % 2 === 1).every((ids) => ids[0] === "coffee")).toBe(true);
    expect(await idsOf(index, "walrus")).toHaveLength(10);
  });

  it("keeps changes that arrive while it runs for the next one, and runs one after the other", async () => {
    const index = createHybridIndex();
    upsert(index, TEA);
    const first = index.refresh();
    const second = index.refresh();
    await first;
    expect(index.stats().generation).toBe(1);
    upsert(index, { walrus: "walrus tusk" });
    await second;
    await index.refresh();
    expect(await idsOf(index, "walrus")).toEqual(["walrus"]);
  });

  it("leaves the old state and tries again after a pause that fails", async () => {
    const index = await indexOf(TEA);
    upsert(index, Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`doc${at}`, `walrus number ${at} swims with tusk ${at * 7}`])));
    await expect(index.refresh({ yieldNow: () => Promise.reject(new Error("stopped")) })).rejects.toThrow("stopped");
    expect(await idsOf(index, "walrus")).toEqual([]);
    expect((await idsOf(index, "espresso"))[0]).toBe("coffee");
    await index.refresh();
    expect(await idsOf(index, "walrus")).toHaveLength(10);
  });
});

describe("the semantic space", () => {
  const topics = ["cat dog pet leash fur", "loan bank rate credit money", "rain cloud storm wind sky"];
  const documents = (count: number, from = 0): Documents =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => {
        const words = (topics[at % topics.length] ?? "").split(" ");
        return [`d${from + at}`, `${words.filter((_, word) => (word + at) % 4 !== 0).join(" ")} only${from + at}`];
      }),
    );

  it("is left out until training is allowed, and then added without any other change", async () => {
    const index = createHybridIndex();
    upsert(index, documents(12));
    await index.refresh({ train: false });
    expect(index.stats()).toMatchObject({ chunks: 12, dimensions: 0, generation: 1 });
    expect((await idsOf(index, "leash")).length).toBeGreaterThan(0);
    await index.refresh();
    expect(index.stats().dimensions).toBeGreaterThan(0);
    expect(index.stats().generation).toBe(2);
  });

  it("finds what shares no word with the question but its subject", async () => {
    const index = await indexOf({ ...documents(12), apart: "fur and more fur", other: "wind and more wind" }, { lsa: { maxRank: 3 } });
    const ids = await idsOf(index, "leash", 20);
    expect(ids).toContain("apart");
    expect(ids.slice(0, ids.indexOf("apart"))).not.toContain("other");
  });

  it("takes in new documents without training, until the collection has grown by half", async () => {
    const index = await indexOf(documents(12));
    const trained = index.toSnapshot();
    upsert(index, documents(5, 100));
    await index.refresh();
    expect(index.toSnapshot()).toEqual(trained);
    expect((await idsOf(index, "leash dog", 20)).some((id) => id.startsWith("d10"))).toBe(true);
    upsert(index, documents(1, 200));
    await index.refresh();
    expect(index.toSnapshot()).not.toEqual(trained);
  });

  it("is trained again when most of the collection has gone", async () => {
    const index = await indexOf(documents(12));
    const trained = index.toSnapshot();
    for (let at = 0; at < 8; at += 1) index.removeDocument(`d${at}`);
    await index.refresh();
    expect(index.toSnapshot()).not.toEqual(trained);
  });

  const others = (count: number): Documents =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`d${at}`, `walrus tusk${at % 3} giraffe neck${at % 2} zebra`]));

  it("is trained again when other words have taken the place of those it knows, at the same size", async () => {
    const index = await indexOf(documents(12));
    const trained = index.toSnapshot();
    upsert(index, others(2));
    await index.refresh();
    expect(index.toSnapshot()).toEqual(trained);
    upsert(index, others(8));
    await index.refresh({ train: false });
    expect(index.toSnapshot()).toEqual(trained);
    await index.refresh();
    expect(index.toSnapshot()).not.toEqual(trained);
    const renewed = index.stats().generation;
    await index.refresh();
    expect(index.stats().generation).toBe(renewed);
  });

  it("is not trained at every refresh when it cannot know all words", async () => {
    const index = await indexOf(documents(12), { lsa: { maxTerms: 3 } });
    const trained = index.toSnapshot();
    upsert(index, documents(1, 100));
    await index.refresh();
    expect(index.stats().generation).toBe(2);
    expect(index.toSnapshot()).toEqual(trained);
  });

  it("travels in a snapshot, so that a new process ranks as the old one did", async () => {
    const before = await indexOf(documents(12));
    const snapshot = before.toSnapshot() ?? new Uint8Array(0);
    const after = createHybridIndex();
    expect(after.fromSnapshot(snapshot)).toBe(true);
    upsert(after, documents(12));
    await after.refresh({ train: false });
    expect(after.stats().dimensions).toBe(before.stats().dimensions);
    expect(after.toSnapshot()).toEqual(snapshot);
    for (const query of ["leash", "bank rate", "wind"]) expect(await idsOf(after, query, 20)).toEqual(await idsOf(before, query, 20));
  });

  it("has no snapshot before training and refuses bytes that are none", () => {
    const index = createHybridIndex();
    expect(index.toSnapshot()).toBeUndefined();
    expect(index.fromSnapshot(new Uint8Array([1, 2, 3]))).toBe(false);
  });
});

describe("the fingerprint", () => {
  const reversed = (documents: Documents): Documents => Object.fromEntries(Object.entries(documents).reverse());

  it("is the same for the same content, whatever the order", async () => {
    const one = await indexOf(TEA);
    expect((await indexOf(reversed(TEA))).fingerprint()).toBe(one.fingerprint());
    const other = await indexOf({ ...TEA, walrus: "walrus tusk" });
    expect(other.fingerprint()).not.toBe(one.fingerprint());
  });

  it("differs when a document was replaced, in two processes that counted as many refreshes", async () => {
    const before = await indexOf(TEA);
    const after = await indexOf({ ...TEA, rain: "Rain falls upwards." });
    expect(after.stats().generation).toBe(before.stats().generation);
    expect(after.fingerprint()).not.toBe(before.fingerprint());
  });

  it("differs when only the hash, the path or the title of a document has changed", async () => {
    const fingerprints = await Promise.all(
      [{}, { contentHash: "other" }, { path: "moved.md" }, { title: "Renamed" }].map(async (change) => {
        const index = createHybridIndex();
        index.upsertDocument(chunksOf("tea", ["green tea"]).map((chunk) => ({ ...chunk, ...change })));
        await index.refresh({ train: false });
        return index.fingerprint();
      }),
    );
    expect(new Set(fingerprints).size).toBe(4);
  });

  it("changes with the refresh that brings a change, and comes back with the old content", async () => {
    const index = createHybridIndex();
    upsert(index, TEA);
    await index.refresh({ train: false });
    const first = index.fingerprint();
    upsert(index, { walrus: "walrus tusk" });
    expect(index.fingerprint()).toBe(first);
    await index.refresh({ train: false });
    expect(index.fingerprint()).not.toBe(first);
    index.removeDocument("walrus");
    await index.refresh({ train: false });
    expect(index.fingerprint()).toBe(first);
  });

  it("tells a state without a semantic space from one with it, and knows the space from a snapshot", async () => {
    const trained = await indexOf(TEA);
    const index = createHybridIndex();
    upsert(index, reversed(TEA));
    await index.refresh({ train: false });
    expect(index.fingerprint()).not.toBe(trained.fingerprint());
    index.fromSnapshot(trained.toSnapshot() ?? new Uint8Array(0));
    await index.refresh({ train: false });
    expect(index.fingerprint()).toBe(trained.fingerprint());
  });

  it("is a constant for an index without documents", async () => {
    const index = createHybridIndex();
    const none = index.fingerprint();
    expect(none).toBe("0000000000000000");
    upsert(index, { one: "tea" });
    await index.refresh();
    index.removeDocument("one");
    await index.refresh();
    expect(index.fingerprint()).toBe(none);
  });
});

describe("inverseDocumentFrequency", () => {
  it("is larger the rarer the term, and largest for one that nobody wrote", async () => {
    const index = await indexOf({ one: "tea water", two: "tea", three: "tea leaf" });
    const [common, rare, unseen] = ["tea", "leaf", "walrus"].map((term) => index.inverseDocumentFrequency(term));
    expect(common).toBeLessThan(rare ?? 0);
    expect(rare).toBeLessThan(unseen ?? 0);
    expect(createHybridIndex().inverseDocumentFrequency("tea")).toBeGreaterThan(0);
  });
});
