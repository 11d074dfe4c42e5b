import { describe, expect, it } from "vitest";
import { indexOf, TEA } from "../../test-support/small-index.ts";
import { RagError } from "../errors.ts";
import type { Reranker, Stopwatch } from "../ports.ts";
import type { HybridIndex } from "./hybrid-index.ts";
import { createRetriever, type NeighbourSearch, passageOf, type RetrieverParts } from "./retriever.ts";

/** Finds these documents, the nearest first. */
const near = (weight: number, ...documentIds: string[]): NeighbourSearch => ({
  findNearest: async () => ({ matches: documentIds.map((id, at) => ({ chunkId: `${id}.0`, similarity: 0.9 - at / 100 })), weight }),
});

/** Likes passages that hold the word. */
const fondOf = (word: string): Reranker => ({
  id: "fond",
  rerank: async (_, passages) => passages.map((passage) => (passage.includes(word) ? 0.9 : 0.1)),
});

async function find(parts: Partial<RetrieverParts>, query = "green tea", options: { limit?: number; explain?: boolean; signal?: AbortSignal } = {}) {
  const away: string[] = [];
  const index: Pick<HybridIndex, "search"> = await indexOf(TEA);
  const retriever = createRetriever({ index, onAway: (part) => void away.push(part), ...parts });
  const { hits, degraded } = await retriever.retrieve(query, { limit: 3, ...options });
  return { documents: hits.map(({ chunk }) => chunk.documentId), hits, degraded, away };
}

describe("a retriever", () => {
  it("finds by the index alone where that is all there is", async () => {
    expect(await find({})).toMatchObject({ documents: ["green", "black"], degraded: false, away: [] });
  });

  it("takes in chunks that share no word with the question but are near to it", async () => {
    expect((await find({ neighbours: near(0.5, "rain", "bread") })).documents).toContain("rain");
  });

  it("lets the nearness have its say in the order, by its weight", async () => {
    expect((await find({ neighbours: near(0, "black", "green") })).documents.slice(0, 2)).toEqual(["green", "black"]);
    expect((await find({ neighbours: near(1, "black", "green") })).documents.slice(0, 2)).toEqual(["black", "green"]);
  });

  it("passes over neighbours that the index does not know any more", async () => {
    expect((await find({ neighbours: near(1, "gone", "black") })).documents).not.toContain("gone");
  });

  it("tells how near each hit was, when asked to explain", async () => {
    const { hits } = await find({ neighbours: near(0.5, "rain", "green") }, "green tea", { explain: true });
    expect(hits.find(({ chunk }) => chunk.documentId === "rain")?.explanation?.signals).toMatchObject({ nearness: 1 });
    expect(hits.find(({ chunk }) => chunk.documentId === "black")?.explanation?.signals).toMatchObject({ nearness: 0 });
  });

  it("orders the first hits as the reranker has it, and scores them by it", async () => {
    const { documents, hits } = await find({ reranker: fondOf("boiling") }, "green tea", { explain: true });
    expect(documents).toEqual(["black", "green"]);
    expect(hits[0]).toMatchObject({ score: 0.9, explanation: { signals: { crossEncoder: 0.9 } } });
  });

  it("has the reranking timed, and nothing where there is none", async () => {
    const stages: string[] = [];
    const timed: Stopwatch = async (stage, work) => {
      stages.push(stage);
      return await work();
    };
    const index: Pick<HybridIndex, "search"> = await indexOf(TEA);
    await createRetriever({ index }).retrieve("green tea", { limit: 3, timed });
    expect(stages).toEqual([]);
    await createRetriever({ index, reranker: fondOf("boiling") }).retrieve("green tea", { limit: 3, timed });
    expect(stages).toEqual(["rerank"]);
  });

  it("lets the reranker choose among more hits than were asked for", async () => {
    expect((await find({ reranker: fondOf("boiling") }, "green tea", { limit: 1 })).documents).toEqual(["black"]);
  });

  it.each(["store_unavailable", "not_ready", "overloaded", "conflict"] as const)(
    "does without a part that is away (%s), and says so",
    async (code) => {
      const fail = async (): Promise<never> => {
        throw new RagError(code, "away");
      };
      const usual = await find({});
      expect(await find({ neighbours: { findNearest: fail } })).toMatchObject({ documents: usual.documents, degraded: true, away: ["neighbours"] });
      expect(await find({ reranker: { id: "x", rerank: fail } })).toMatchObject({ documents: usual.documents, degraded: true, away: ["reranker"] });
    },
  );

  it("hides no mistake", async () => {
    const fail = async (): Promise<never> => {
      throw new TypeError("a mistake");
    };
    await expect(find({ neighbours: { findNearest: fail } })).rejects.toThrow("a mistake");
  });

  it("ends with whoever asked", async () => {
    const reason = new Error("gone");
    const fail = async (): Promise<never> => {
      throw new RagError("store_unavailable", "away");
    };
    await expect(find({ neighbours: { findNearest: fail } }, "tea", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("asks nobody when nothing is wanted", async () => {
    const fail = async (): Promise<never> => {
      throw new Error("asked");
    };
    expect(await find({ neighbours: { findNearest: fail }, reranker: { id: "x", rerank: fail } }, "tea", { limit: 0 })).toMatchObject({
      documents: [],
    });
  });
});

describe("passageOf", () => {
  it("puts what stands above a chunk before it, each once", () => {
    expect(passageOf({ title: "Tea", headingPath: ["Tea", "Green"], text: "Three minutes." })).toBe("Tea > Green\nThree minutes.");
    expect(passageOf({ title: "", headingPath: [], text: "Three minutes." })).toBe("Three minutes.");
  });
});
