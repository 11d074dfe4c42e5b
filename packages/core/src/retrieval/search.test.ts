import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunksOf, idsOf, indexOf, TEA } from "../../test-support/small-index.ts";
import type { SearchFilters, SearchHit } from "../model.ts";
import { createHybridIndex } from "./hybrid-index.ts";

describe("searching", () => {
  it("puts the chunk first that answers, and gives nothing that shares nothing with the question", async () => {
    const index = await indexOf(TEA);
    expect((await idsOf(index, "how long to steep black tea"))[0]).toBe("black");
    expect(await idsOf(index, "quantum chromodynamics")).toEqual([]);
  });

  it("finds a word under another ending, and a misspelt one by its letters", async () => {
    const index = await indexOf(TEA);
    expect((await idsOf(index, "brewing"))[0]).toBe("coffee");
    expect((await idsOf(index, "sourdoughs risen"))[0]).toBe("bread");
    expect((await idsOf(index, "espressso"))[0]).toBe("coffee");
  });

  it("finds a chunk by its headings", async () => {
    const index = await indexOf(TEA);
    index.upsertDocument(chunksOf("faq", ["Ask the office for it."], ["Handbook", "Parking permits"]));
    await index.refresh();
    expect(await idsOf(index, "parking permit", 1)).toEqual(["faq"]);
  });

  it("gives hits best first, with scores and evidence between 0 and 1, and as many as asked for at most", async () => {
    const index = await indexOf(TEA);
    const hits = await index.search("tea water minutes", { limit: 2 });
    expect(hits).toHaveLength(2);
    expect(hits[0]?.score).toBeGreaterThanOrEqual(hits[1]?.score ?? 1);
    for (const { score, evidence } of hits) {
      for (const value of [score, ...Object.values(evidence)]) expect(value >= 0 && value <= 1).toBe(true);
    }
    expect(await index.search("tea", { limit: 0 })).toEqual([]);
    expect(await index.search("tea", { limit: -1 })).toEqual([]);
  });

  it("explains the score with every signal, the fused score and the reranked one, only when asked to", async () => {
    const index = await indexOf(TEA);
    const [explained] = await index.search("green tea", { limit: 1, explain: true });
    const signals = explained?.explanation?.signals ?? {};
    expect(Object.keys(signals)).toEqual(expect.arrayContaining(["words", "semanticMiddle", "coverage", "feedback", "fused", "reranked"]));
    for (const value of Object.values(signals)) expect(value >= 0 && value <= 1).toBe(true);
    expect(signals["reranked"]).toBe(explained?.score);
    expect((await index.search("green tea", { limit: 1 }))[0]).not.toHaveProperty("explanation");
  });

  it("leaves the order to the fusion when it shall not rerank", async () => {
    const index = await indexOf(TEA, { rerank: false });
    const [hit] = await index.search("green tea", { limit: 1, explain: true });
    expect(hit?.chunk.documentId).toBe("green");
    expect(hit?.score).toBe(hit?.explanation?.signals["fused"]);
  });
});

describe("filters", () => {
  const index = indexOf({ "a/tea": "Tea is steeped.", "a/rain": "Rain and tea.", "b/tea": "Iced tea with lemon.", c: "Tea again, plainly." });

  async function filtered(filters: SearchFilters): Promise<string[]> {
    return (await (await index).search("tea", { limit: 10, filters })).map(({ chunk }) => chunk.documentId).sort();
  }

  it("admit documents below any of the given paths, or of the given ids, or of both", async () => {
    expect(await filtered({ pathPrefixes: ["a/"] })).toEqual(["a/rain", "a/tea"]);
    expect(await filtered({ pathPrefixes: ["a/", "b/"] })).toEqual(["a/rain", "a/tea", "b/tea"]);
    expect(await filtered({ documentIds: ["c", "a/tea", "nobody"] })).toEqual(["a/tea", "c"]);
    expect(await filtered({ pathPrefixes: ["a/"], documentIds: ["a/tea", "c"] })).toEqual(["a/tea"]);
  });

  it("admit nothing when nothing is named, and all when absent", async () => {
    expect(await filtered({ pathPrefixes: [] })).toEqual([]);
    expect(await filtered({ documentIds: [] })).toEqual([]);
    expect(await filtered({})).toHaveLength(4);
  });
});

describe("names that look like stop words", () => {
  it("are found by a question that spells them as names", async () => {
    const index = await indexOf({ ...TEA, spring: "The regatta takes place in May.", advice: "Salt is bad, according to the WHO." });
    expect((await idsOf(index, "What happens in May?"))[0]).toBe("spring");
    expect((await idsOf(index, "What does the WHO advise?"))[0]).toBe("advice");
  });
});

describe("near-duplicates", () => {
  const long = "Steep green tea for three minutes in water of eighty degrees, pour it off, wait, and steep the same leaves twice more.";

  it("appear once, whichever document they stand in", async () => {
    const index = await indexOf({ ...TEA, original: long, copy: `${long} ` });
    const ids = await idsOf(index, "steep green tea leaves");
    expect(ids.filter((id) => id === "original" || id === "copy")).toHaveLength(1);
  });

  it("both appear when each holds a word of the question that the other lacks", async () => {
    const text = Array.from({ length: 80 }, (_, at) => `word${at}`).join(" ");
    const index = await indexOf({ ...TEA, plain: `${text} tea steeping madagascar`, special: `${text} tea steeping zanzibar` });
    expect(await idsOf(index, "tea madagascar zanzibar")).toEqual(expect.arrayContaining(["plain", "special"]));
    const found = await idsOf(index, "tea steeping");
    expect(found.filter((id) => id === "plain" || id === "special")).toHaveLength(1);
  });

  it("are not those that allow and those that forbid", async () => {
    const index = await indexOf({ ...TEA, yes: "Smoking is allowed on the balcony.", no: "Smoking is not allowed on the balcony." });
    expect(await idsOf(index, "Is smoking allowed on the balcony?")).toEqual(expect.arrayContaining(["yes", "no"]));
  });

  it("do not crowd out what stands behind hundreds of them", async () => {
    const copies = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`copy${at}`, long]));
    const index = await indexOf({ ...copies, behind: "Some tea is black." });
    expect((await idsOf(index, "steep green tea leaves")).some((id) => id === "behind")).toBe(true);
  });
});

describe("hostile input", () => {
  const questions = ["", "   ", "the of and is", "😀🎉", "\ud800\udc00\ud800", "x".repeat(100_000), "什么是茶", "tea ".repeat(300_000), "\0\u202e"];

  it.each(questions.map((question) => [question.slice(0, 12), question]))(
    "gets an answer, if an empty one, in an empty index and a full one: %j",
    async (_, question) => {
      expect(await createHybridIndex().search(question, { limit: 10 })).toEqual([]);
      const none = await indexOf({});
      expect(await none.search(question, { limit: 10 })).toEqual([]);
      const index = await indexOf(TEA);
      for (const { score } of await index.search(question, { limit: 10 })) expect(score).toBeGreaterThan(0);
    },
  );

  it("is indexed like anything else", async () => {
    const odd = {
      empty: "",
      stop: "the of and",
      emoji: "😀😀",
      lone: "\ud800",
      huge: "x".repeat(100_000),
      chinese: "绿茶需要三分钟。红茶需要五分钟。",
    };
    const index = await indexOf({ ...TEA, ...odd });
    expect(index.stats().chunks).toBe(11);
    expect((await idsOf(index, "绿茶"))[0]).toBe("chinese");
    expect((await idsOf(index, "x".repeat(100_000)))[0]).toBe("huge");
    expect((await idsOf(index, "espresso"))[0]).toBe("coffee");
  });

  it("does not mistake names of object properties for terms or documents", async () => {
    const index = await indexOf({ constructor: "the constructor of toString", other: "something else entirely" });
    expect((await idsOf(index, "constructor"))[0]).toBe("constructor");
  });
});

describe("determinism", () => {
  const word = fc.constantFrom("tea", "water", "steep", "leaf", "cup", "rain", "cloud", "bank", "credit", "the", "茶");
  const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(" "));

  function summary(hits: readonly SearchHit[]) {
    return hits.map(({ chunk, score }) => [chunk.id, score]);
  }

  it("gives the same ranking with the same scores for the same collection", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 15 }), text, async (texts, query) => {
        const documents = Object.fromEntries(texts.map((each, at) => [`d${at}`, each]));
        const [one, other] = [await indexOf(documents), await indexOf(documents)];
        const hits = await one.search(query, { limit: 20 });
        expect(summary(await other.search(query, { limit: 20 }))).toEqual(summary(hits));
        expect(summary(await one.search(query, { limit: 20 }))).toEqual(summary(hits));
        expect(summary(await one.search(query, { limit: 3 }))).toEqual(summary(hits).slice(0, 3));
        for (const { score } of hits) expect(score >= 0 && score <= 1).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
