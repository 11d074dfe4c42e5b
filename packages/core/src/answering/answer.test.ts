/** The pipeline as its callers see it: events, quotes, refusals. */
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, createScene, createScriptedModel, guard, type LibraryScene } from "../../test-support/answer-scene.ts";
import type { AnswerEvent } from "../model.ts";

const TOWER = "How tall is the Eiffel Tower?";

let library: LibraryScene;
beforeAll(async () => {
  library = await createLibrary();
});

const deltas = (events: readonly AnswerEvent[]): string => events.map((event) => (event.type === "delta" ? event.text : "")).join("");
const types = (events: readonly AnswerEvent[]): string[] => events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);

describe("answering with quotes", () => {
  it("emits session, sources, deltas and done, and the deltas add up to the answer", async () => {
    const { events, answer } = await createScene(library).ask(TOWER);
    expect(types(events)).toEqual(["session", "sources", "delta", "done"]);
    expect(deltas(events)).toBe(answer.answer);
    expect(answer).toMatchObject({ answerable: true, answeredBy: { kind: "extractive" }, degraded: false, nearMisses: [] });
    expect(answer).not.toHaveProperty("standaloneQuestion");
  });

  it("quotes the sentence that answers first, word for word, with its place in the stored text", async () => {
    const { answer } = await createScene(library).ask(TOWER);
    const [first] = answer.citations;
    expect(first?.quote).toBe("It was completed in March 1889 and is 330 metres tall.");
    expect(answer.answer.startsWith(`${first?.quote} [${first?.number}]`)).toBe(true);
    for (const { documentId, start, end, quote, contentHash } of answer.citations) {
      const document = library.documents.get(documentId);
      expect(document?.text.slice(start, end)).toBe(quote);
      expect(document?.contentHash).toBe(contentHash);
    }
  });

  it("numbers every marker in the answer as a citation and as a source", async () => {
    const { events, answer } = await createScene(library).ask("Who wrote Madame Bovary?");
    const markers = [...answer.answer.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
    expect(markers).toEqual(answer.citations.map(({ number }) => number));
    const sources = events.flatMap((event) => (event.type === "sources" ? event.sources : []));
    for (const { number, documentId } of answer.citations) expect(sources.find((source) => source.number === number)?.documentId).toBe(documentId);
  });

  it("drops a quote whose document has changed since it was indexed, and counts it", async () => {
    const changed = await createLibrary();
    changed.changeStoredText("Eiffel Tower", "The Eiffel Tower was sold for scrap.");
    const scene = createScene(changed);
    const { answer } = await scene.ask("How many million people visit the Eiffel Tower every year?");
    expect(answer.citations.map(({ title }) => title)).not.toContain("Eiffel Tower");
    expect(answer.answer).not.toContain("Seven million");
    expect(scene.recorder.dropped).toBeGreaterThan(0);
  });

  it("refuses when no quote is left", async () => {
    const scene = createScene(library, { documents: { getDocument: async () => undefined } });
    const { answer } = await scene.ask(TOWER);
    expect(answer).toMatchObject({ answerable: false, citations: [] });
    expect(scene.recorder.outcomes).toEqual(["refused"]);
  });

  it("reports each stage and the outcome", async () => {
    const scene = createScene(library);
    await scene.ask(TOWER);
    expect([...scene.recorder.stages.keys()]).toEqual(["session", "rewrite", "cache", "retrieve", "gate", "compose", "generate", "cite", "remember"]);
    expect(scene.recorder.outcomes).toEqual(["extractive"]);
  });

  it("tells whoever follows this one question of each stage, when it was and whether it failed", async () => {
    const away = { getDocument: () => Promise.reject(new Error("broken")) };
    for (const { documents, failed } of [
      { documents: undefined, failed: [] },
      { documents: away, failed: ["generate", "cite"] },
    ]) {
      let ms = 0;
      const scene = createScene(library, { clock: { now: () => 0, monotonic: () => ms++ }, ...(documents && { documents }) });
      const followed: { stage: string; took: number; hasFailed: boolean }[] = [];
      const asking = scene.ask(TOWER, {
        onStage: (stage, beganAtMs, endedAtMs, hasFailed) => followed.push({ stage, took: endedAtMs - beganAtMs, hasFailed }),
      });
      if (documents === undefined) await asking;
      else await expect(asking).rejects.toThrow("broken");
      expect(followed.map(({ stage }) => stage)).toEqual([...scene.recorder.stages.keys()]);
      expect(followed.every(({ took }) => took > 0)).toBe(true);
      expect(followed.filter(({ hasFailed }) => hasFailed).map(({ stage }) => stage)).toEqual(failed);
    }
  });
});

describe("refusing", () => {
  it("says so with the nearest passages, and never calls the model", async () => {
    const chat = createScriptedModel(["I guess 42 [1]."]);
    const scene = createScene(library, { model: guard(chat) });
    const { events, answer } = await scene.ask("Which enzyme unwinds the double helix during replication?");
    expect(answer).toMatchObject({ answerable: false, answeredBy: { kind: "gate" }, citations: [], degraded: false });
    expect(types(events)).toEqual(["session", "sources", "delta", "done"]);
    expect(deltas(events)).toBe(answer.answer);
    expect(chat.calls).toHaveLength(0);
    expect(scene.recorder.outcomes).toEqual(["refused"]);
  });

  it("shows near misses with a place and a score below those of an answer, nearest first", async () => {
    const { answer } = await createScene(library).ask("What does the tower in Pisa lean on?");
    expect(answer.answerable).toBe(false);
    expect(answer.nearMisses.length).toBeGreaterThan(0);
    const scores = answer.nearMisses.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((left, right) => right - left));
    for (const { documentId, start, end, text, score } of answer.nearMisses) {
      expect(library.documents.get(documentId)?.text.slice(start, end)).toBe(text);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThan(0.5);
    }
  });

  it.each([
    ["only stop words", "what is the of and to?"],
    ["emoji", "🦉🦉🦉 ❓"],
    ["punctuation", "?!…"],
    ["Chinese", "埃菲尔铁塔有多高？"],
    ["a lone surrogate", "\ud83d\ud83d"],
    ["half a megabyte of one word", "zyzzyva ".repeat(60_000)],
  ])("takes a question of %s without an exception", async (_, question) => {
    const { answer } = await createScene(library).ask(question);
    expect(answer.answerable).toBe(false);
  });

  it("answers a question in Chinese from a document in Chinese", async () => {
    const chinese = await createLibrary({ 铁塔: "埃菲尔铁塔位于巴黎。铁塔高三百三十米。", Owl: "The owl hunts at night." });
    const { answer } = await createScene(chinese).ask("埃菲尔铁塔高多少米？");
    expect(answer.answerable).toBe(true);
    expect(answer.citations[0]?.title).toBe("铁塔");
  });

  it("has nothing to show for an empty library", async () => {
    const { answer } = await createScene(await createLibrary({})).ask(TOWER);
    expect(answer).toMatchObject({ answerable: false, nearMisses: [] });
  });
});
