/** Answers whose conversation comes with the question. */
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, createScene, createScriptedModel, guard, type LibraryScene, type Scene } from "../../test-support/answer-scene.ts";
import { RagError } from "../errors.ts";
import type { ConversationEvent } from "../model.ts";
import { answerInConversation } from "./answer.ts";
import type { EarlierExchange } from "./told-conversation.ts";

let library: LibraryScene;
beforeAll(async () => {
  library = await createLibrary();
});

const PUBLISHED: EarlierExchange = { question: "When was Madame Bovary published?", answer: "It was published in 1857. [1]" };

async function converse({ services }: Scene, question: string, history: readonly EarlierExchange[] = []) {
  const events: ConversationEvent[] = [];
  const request = { principal: "ada", question, history, signal: new AbortController().signal };
  for await (const event of answerInConversation(request, services)) events.push(event);
  const last = events.at(-1);
  if (last?.type !== "done") throw new Error("the answer did not end with done");
  return { events, answer: last.answer };
}

describe("a question with its conversation", () => {
  it("is understood by what was said before", async () => {
    const { answer } = await converse(createScene(library), "and who wrote it?", [PUBLISHED]);
    expect(answer.standaloneQuestion).toContain("Madame Bovary");
    expect(answer.citations[0]?.quote).toContain("Gustave Flaubert");
  });

  it("is rewritten by the model where there is one", async () => {
    const model = createScriptedModel(["Who wrote Madame Bovary?"], ["Gustave Flaubert wrote it [1]."]);
    const { answer } = await converse(createScene(library, { model: guard(model) }), "and who wrote it?", [PUBLISHED]);
    expect(answer).toMatchObject({ standaloneQuestion: "Who wrote Madame Bovary?", answeredBy: { kind: "model" } });
    expect(JSON.stringify(model.calls[0])).toContain(PUBLISHED.answer);
  });

  it("leaves no session behind, and its events name none", async () => {
    const scene = createScene(library);
    const { events, answer } = await converse(scene, "How tall is the Eiffel Tower?");
    expect(await scene.services.sessions.list("ada", 10)).toEqual([]);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["sources", "delta", "done"]));
    expect(answer).not.toHaveProperty("sessionId");
    expect(scene.recorder.outcomes).toEqual(["extractive"]);
  });

  it("shares the cache with questions in sessions", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask("How tall is the Eiffel Tower?");
    const again = await converse(scene, "How tall is the Eiffel Tower?");
    expect(scene.recorder.cacheHits).toBe(1);
    expect(again.answer.answer).toBe(answer.answer);
    await scene.ask("How tall is the Eiffel Tower?");
    expect(scene.recorder.cacheHits).toBe(2);
  });

  it("is counted once as failed when the model fails", async () => {
    const scene = createScene(library, { model: guard(createScriptedModel([new RagError("llm_failed", "It failed.")])) });
    await expect(converse(scene, "How tall is the Eiffel Tower?")).rejects.toMatchObject({ code: "llm_failed" });
    expect(scene.recorder.outcomes).toEqual(["failed"]);
  });
});
