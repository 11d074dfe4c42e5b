/** What every vector store must do; each adapter's test calls this and adds only what is special to it. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ChunkVector, VectorCollection, VectorCollectionDescription, VectorStore } from "../ports.ts";
import { agreesWithPlainList } from "./vector-store-model.contract.ts";

const DIMENSIONS = 8;
const DESCRIPTION: VectorCollectionDescription = { generation: 1, embedderId: "test/embedder@1", dimensions: DIMENSIONS };
/** 32-bit floats, summed in any order. */
const DIGITS = 4;

export interface VectorStoreContractOptions {
  /** Sequences of commands tried against the model. Default 200. */
  readonly runs?: number;
}

/** A vector of unit length that points where `angle` says, turning in the plane of the first two dimensions. */
function at(angle: number): Float32Array {
  return Float32Array.from({ length: DIMENSIONS }, (_, dimension) => [Math.cos(angle), Math.sin(angle)][dimension] ?? 0);
}

const chunk = (chunkId: string, angle: number, documentId = "doc"): ChunkVector => ({ chunkId, documentId, vector: at(angle) });

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function vectorStoreContract(
  name: string,
  makeStore: () => VectorStore | Promise<VectorStore>,
  { runs = 200 }: VectorStoreContractOptions = {},
): void {
  describe(`${name} as a vector store`, () => {
    let store: VectorStore;
    let vectors: VectorCollection;
    beforeEach(async () => {
      store = await makeStore();
      vectors = await store.open(DESCRIPTION);
    });

    const nearestIds = async (angle: number, limit: number, documentIds?: readonly string[]): Promise<readonly string[]> =>
      (await vectors.nearest(at(angle), { limit, documentIds })).map(({ chunkId }) => chunkId);

    it("finds nothing at first", async () => {
      expect(vectors.description).toEqual(DESCRIPTION);
      expect(await vectors.listChunkIds()).toEqual(new Set());
      expect(await vectors.nearest(at(0), { limit: 5 })).toEqual([]);
      await vectors.remove(["nobody"]);
      await vectors.remove([]);
      await vectors.upsert([]);
    });

    it("says that it is there", async () => {
      expect(await store.ping()).not.toBe("");
    });

    it("finds the nearest first, with their cosines, up to the limit", async () => {
      await vectors.upsert([chunk("far", 2), chunk("near", 0.1), chunk("opposite", Math.PI), chunk("nearer", 0.05)]);
      const matches = await vectors.nearest(at(0), { limit: 3 });
      expect(matches.map(({ chunkId }) => chunkId)).toEqual(["nearer", "near", "far"]);
      for (const [place, angle] of [0.05, 0.1, 2].entries()) expect(matches[place]?.similarity).toBeCloseTo(Math.cos(angle), DIGITS);
      expect((await vectors.nearest(at(0), { limit: 10 })).at(-1)?.similarity).toBeCloseTo(-1, DIGITS);
      expect(await vectors.nearest(at(0), { limit: 0 })).toEqual([]);
    });

    it("replaces a vector under the same id, whosever document it is", async () => {
      await vectors.upsert([chunk("a", 0, "one"), chunk("b", 1, "one")]);
      await vectors.upsert([chunk("a", 2, "two")]);
      expect(await nearestIds(2, 1)).toEqual(["a"]);
      expect(await nearestIds(0, 5, ["one"])).toEqual(["b"]);
      expect(await vectors.listChunkIds()).toEqual(new Set(["a", "b"]));
    });

    it("keeps the last of several vectors that are given under one id at once", async () => {
      await vectors.upsert([chunk("a", 0), chunk("b", 1), chunk("a", 2)]);
      expect((await vectors.nearest(at(2), { limit: 1 }))[0]?.similarity).toBeCloseTo(1, DIGITS);
      expect(await vectors.listChunkIds()).toEqual(new Set(["a", "b"]));
    });

    it("removes what is there of the ids, and nothing else", async () => {
      await vectors.upsert([chunk("a", 0), chunk("b", 1), chunk("c", 2)]);
      await vectors.remove(["a", "nobody", "a"]);
      expect(await vectors.listChunkIds()).toEqual(new Set(["b", "c"]));
      expect(await nearestIds(0, 5)).toEqual(["b", "c"]);
    });

    it("finds only chunks of the documents asked for", async () => {
      await vectors.upsert([chunk("a", 0, "one"), chunk("b", 0.1, "two"), chunk("c", 0.2, "three")]);
      expect(await nearestIds(0, 5, ["two", "three", "unknown"])).toEqual(["b", "c"]);
      expect(await nearestIds(0, 5, [])).toEqual([]);
      expect(await nearestIds(0, 1, ["three"])).toEqual(["c"]);
    });

    it.each([
      ["too short", new Float32Array(DIMENSIONS - 1).fill(0.1)],
      ["too long", new Float32Array(DIMENSIONS + 1).fill(0.1)],
      ["not a number", new Float32Array(DIMENSIONS).fill(Number.NaN)],
    ])("refuses a vector that is %s, and stores nothing of its batch", async (_, vector) => {
      const refused = expect.objectContaining({ code: "invalid_request" });
      await expect(vectors.upsert([chunk("a", 0), { chunkId: "b", documentId: "doc", vector }])).rejects.toEqual(refused);
      await expect(vectors.nearest(vector, { limit: 1 })).rejects.toEqual(refused);
      expect(await vectors.listChunkIds()).toEqual(new Set());
    });

    it("is not changed by what happens to a vector after it was given", async () => {
      const given = chunk("a", 0);
      await vectors.upsert([given]);
      given.vector.fill(0);
      expect((await vectors.nearest(at(0), { limit: 1 }))[0]?.similarity).toBeCloseTo(1, DIGITS);
    });

    it("asks nothing for somebody who has given up", async () => {
      const reason = new Error("gave up");
      await expect(vectors.nearest(at(0), { limit: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it("opens the same vectors again", async () => {
      await vectors.upsert([chunk("a", 0)]);
      expect(await (await store.open(DESCRIPTION)).listChunkIds()).toEqual(new Set(["a"]));
    });

    it("lets several open a collection at the same time, and gives all of them the same one", async () => {
      const description = { ...DESCRIPTION, generation: 7 };
      const opened = await Promise.all(Array.from({ length: 8 }, () => store.open(description)));
      await Promise.all(opened.map((collection, number) => collection.upsert([chunk(`chunk-${number}`, number)])));
      for (const collection of opened) expect((await collection.listChunkIds()).size).toBe(8);
      expect(await store.list()).toEqual([DESCRIPTION, description]);
    });

    it.each([
      ["of another embedder", { ...DESCRIPTION, embedderId: "other/embedder@1" }],
      ["of another length", { ...DESCRIPTION, dimensions: DIMENSIONS + 1 }],
    ])("refuses to mix vectors %s into a collection, and says what repairs it", async (_, description) => {
      await vectors.upsert([chunk("a", 0)]);
      await expect(store.open(description)).rejects.toEqual(
        expect.objectContaining({ code: "conflict", message: expect.stringContaining("rag reindex") }),
      );
      expect(await vectors.listChunkIds()).toEqual(new Set(["a"]));
      expect(await store.list()).toEqual([DESCRIPTION]);
    });

    it("keeps generations apart, whose embedders may differ", async () => {
      const description = { generation: 2, embedderId: "other/embedder@1", dimensions: 2 };
      const next = await store.open(description);
      await vectors.upsert([chunk("a", 0)]);
      await next.upsert([{ chunkId: "b", documentId: "doc", vector: Float32Array.of(1, 0) }]);
      expect(await vectors.listChunkIds()).toEqual(new Set(["a"]));
      expect(await next.listChunkIds()).toEqual(new Set(["b"]));
      expect(await store.list()).toEqual([DESCRIPTION, description]);
    });

    it("drops a generation with its vectors; whoever holds it must open it again", async () => {
      await vectors.upsert([chunk("a", 0)]);
      await store.drop(1);
      await store.drop(1);
      expect(await store.list()).toEqual([]);
      const gone = expect.objectContaining({ code: "store_unavailable" });
      await expect(vectors.nearest(at(0), { limit: 1 })).rejects.toEqual(gone);
      await expect(vectors.listChunkIds()).rejects.toEqual(gone);
      await expect(vectors.upsert([chunk("b", 0)])).rejects.toEqual(gone);
      await expect(vectors.remove(["a"])).rejects.toEqual(gone);
      expect(await (await store.open(DESCRIPTION)).listChunkIds()).toEqual(new Set());
      await expect(vectors.listChunkIds()).rejects.toEqual(gone);
    });

    it("agrees with a plain list after any sequence of changes", async () => {
      await agreesWithPlainList(store, runs);
    });
  });
}
