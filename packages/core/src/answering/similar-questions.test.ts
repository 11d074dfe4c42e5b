/** What may be answered alike, and what must never be. */
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, createScene, type LibraryScene } from "../../test-support/answer-scene.ts";
import { createSimilarQuestions, withoutFillers } from "./similar-questions.ts";

describe("withoutFillers", () => {
  it.each([
    ["Who wrote the novel?", "Could you tell me who wrote the novel, please?"],
    ["Who did the National Anthem?", "who did National Anthem"],
    ["How tall is the tower?", "Please tell me how tall is  the tower"],
  ])("joins %j and %j", (one, another) => {
    expect(withoutFillers(another)).toBe(withoutFillers(one));
  });

  it.each([
    ["What are the opening hours on Monday?", "What are the opening hours on Tuesday?"],
    ["Is it open on Sunday?", "Is it not open on Sunday?"],
    ["How many of 12 came?", "How many of 21 came?"],
    ["Who founded the office?", "When founded the office?"],
    ["Did Anna hire Bob?", "Did Bob hire Anna?"],
    ["Who flew from Rome to Oslo?", "Who flew to Rome from Oslo?"],
    ["Who is the president?", "Who was the president?"],
    ["Which animal hunts at night?", "Which animals hunt at night?"],
    ["Do you know the keeper?", "the keeper?"],
    ["What does vitamin A do?", "What does vitamin do?"],
    ["What is the name of one algorithm?", "What is the name of another algorithm?"],
  ])("keeps %j and %j apart", (one, another) => {
    expect(withoutFillers(another)).not.toBe(withoutFillers(one));
  });

  it("takes a question of nothing but articles and spaces in its stride", () => {
    expect(withoutFillers(` the ${" ".repeat(200_000)} the `)).toBe("the");
    expect(withoutFillers("?")).toBe("");
  });
});

describe("a cache that knows similar questions", () => {
  let library: LibraryScene;
  beforeAll(async () => {
    library = await createLibrary();
  });

  it("gives the answer again, counted as similar, to the same principal over the same documents", async () => {
    const scene = createScene(library, { similarQuestions: createSimilarQuestions({ maxEntries: 10 }) });
    const first = await scene.ask("How tall is the Eiffel Tower?");
    const again = await scene.ask("Could you tell me how tall is Eiffel Tower, please?");
    expect(scene.recorder.cacheKinds).toEqual(["similar"]);
    expect(again.answer).toEqual({ ...first.answer, sessionId: again.answer.sessionId });
    expect(again.answer.citations[0]?.quote).toContain("330 metres");
    await scene.ask("Could you tell me how tall is Eiffel Tower, please?", { principal: "eve" });
    await scene.ask("How tall is a Eiffel Tower?");
    expect(scene.recorder.cacheKinds).toEqual(["similar"]);
  });

  it("does so only when it is given", async () => {
    const scene = createScene(library);
    await scene.ask("How tall is the Eiffel Tower?");
    await scene.ask("How tall is Eiffel Tower?");
    expect(scene.recorder.cacheKinds).toEqual([]);
  });

  it("gives nothing whose quotation no longer stands in the stored text", async () => {
    const changing = await createLibrary();
    const scene = createScene(changing, { similarQuestions: createSimilarQuestions({ maxEntries: 10 }) });
    await scene.ask("How tall is the Eiffel Tower?");
    changing.changeStoredText("Eiffel Tower", "The Eiffel Tower is 331 metres tall now.");
    const { answer } = await scene.ask("How tall is Eiffel Tower?");
    expect(answer.citations.map(({ quote }) => quote).join()).not.toContain("330 metres");
    expect(scene.recorder.cacheKinds).toEqual([]);
  });

  it("forgets the oldest, and refuses a size that is none", () => {
    const similar = createSimilarQuestions({ maxEntries: 2 });
    for (const name of ["a", "b", "c"]) similar.note(name, `key of ${name}`);
    expect(["a", "b", "c"].map((name) => similar.find(name))).toEqual([undefined, "key of b", "key of c"]);
    expect(() => createSimilarQuestions({ maxEntries: 0 })).toThrow(RangeError);
  });
});
