/** What the pipeline remembers: sessions and the cache. */
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, createScene, createScriptedModel, guard, LIBRARY, type LibraryScene } from "../../test-support/answer-scene.ts";
import { RagError } from "../errors.ts";
import type { AnswerEvent } from "../model.ts";
import type { Retriever, SessionStore } from "../ports.ts";
import { createRetriever } from "../retrieval/retriever.ts";
import { createMemorySessionStore } from "../sessions/memory-session-store.ts";
import { answerQuestion } from "./answer.ts";

const TOWER = "How tall is the Eiffel Tower?";
const failure = new RagError("llm_failed", "The language model failed to answer.");

let library: LibraryScene;
beforeAll(async () => {
  library = await createLibrary();
});

const types = (events: readonly AnswerEvent[]): string[] => events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);

describe("sessions", () => {
  it.each([
    ["an unknown session", "nobody's", "ada"],
    ["somebody else's session", undefined, "eve"],
  ])("throws not_found for %s before anything is emitted", async (_, id, principal) => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const request = { principal, question: TOWER, sessionId: id ?? answer.sessionId, signal: new AbortController().signal };
    const events = answerQuestion(request, scene.services);
    await expect(events.next()).rejects.toMatchObject({ code: "not_found" });
    expect(scene.recorder.outcomes).toEqual(["extractive"]);
  });

  it("keeps the turn by the time of done", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const session = await scene.services.sessions.load("ada", answer.sessionId);
    expect(session).toMatchObject({ version: 1, turns: [{ question: TOWER, standaloneQuestion: TOWER, answer: answer.answer, answerable: true }] });
    expect(session?.turns[0]?.citedTitles).toContain("Eiffel Tower");
  });

  it("understands a follow-up by its session", async () => {
    const scene = createScene(library);
    const first = await scene.ask("When was Madame Bovary published?");
    const { answer } = await scene.ask("and who wrote it?", { sessionId: first.answer.sessionId });
    expect(answer.standaloneQuestion).toContain("Madame Bovary");
    expect(answer.citations[0]?.quote).toContain("Gustave Flaubert");
    const third = await scene.ask("Where was he born?", { sessionId: first.answer.sessionId });
    expect(third.answer.citations[0]?.quote).toContain("Rouen");
  });

  it("decides on the evidence afresh: an earlier answer does not switch refusal off", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const { sessionId } = answer;
    const gate = { answerable: false, answeredBy: { kind: "gate" } };
    expect((await scene.ask("And what is its market capitalisation?", { sessionId })).answer).toMatchObject(gate);
    expect((await scene.ask("How many people visit it every year?", { sessionId })).answer.citations[0]?.quote).toContain("Seven million");
    expect((await scene.ask("Which enzyme unwinds the double helix?", { sessionId })).answer).toMatchObject(gate);
    expect((await scene.ask("what about penguins?", { sessionId })).answer).toMatchObject(gate);
  });

  it("leaves a self-contained question as it is", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const next = await scene.ask("What does the barn owl hunt at night?", { sessionId: answer.sessionId });
    expect(next.answer).not.toHaveProperty("standaloneQuestion");
    expect(next.answer.citations[0]?.title).toBe("Barn owl");
  });

  it("loses no turn when twenty questions race in one session over a store that takes its time", async () => {
    const store = createMemorySessionStore();
    const slowly = async <T>(result: Promise<T>): Promise<T> => {
      await new Promise((resolve) => setImmediate(resolve));
      return await result;
    };
    const sessions: SessionStore = { ...store, load: (...of) => slowly(store.load(...of)), save: (session) => slowly(store.save(session)) };
    const scene = createScene(library, { sessions });
    const { sessionId } = (await scene.ask(TOWER)).answer;
    const questions = Array.from({ length: 20 }, (_, number) => `What does the barn owl hunt in year ${number}?`);
    const asked = await Promise.all(questions.map((question) => scene.ask(question, { sessionId })));
    expect(asked.filter(({ answer }) => answer.degraded)).toEqual([]);
    const session = await store.load("ada", sessionId);
    expect(session?.turns.map(({ question }) => question).sort()).toEqual([TOWER, ...questions].sort());
  });

  it("appends both turns when two questions race in one session", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const { sessionId } = answer;
    await Promise.all([scene.ask("What does the barn owl hunt?", { sessionId }), scene.ask("When was Madame Bovary published?", { sessionId })]);
    const session = await scene.services.sessions.load("ada", sessionId);
    expect(session?.turns.map(({ question }) => question).sort()).toEqual(
      [TOWER, "What does the barn owl hunt?", "When was Madame Bovary published?"].sort(),
    );
    expect(session?.version).toBe(3);
  });

  it("does not bring back a session that was deleted meanwhile", async () => {
    const scene = createScene(library);
    const { answer } = await scene.ask(TOWER);
    const { sessionId } = answer;
    for await (const event of answerQuestion(
      { principal: "ada", question: TOWER, sessionId, signal: new AbortController().signal },
      scene.services,
    )) {
      if (event.type === "sources") await scene.services.sessions.remove("ada", sessionId);
      if (event.type === "done") expect(event.answer.degraded).toBe(true);
    }
    expect(await scene.services.sessions.load("ada", sessionId)).toBeUndefined();
  });

  it("keeps no more sessions of a principal than allowed", async () => {
    const scene = createScene(library, { limits: { maxTurns: 5, maxChars: 10_000, sessionsPerPrincipal: 2 } });
    for (let count = 0; count < 4; count += 1) await scene.ask(TOWER);
    await scene.ask(TOWER, { principal: "eve" });
    expect(await scene.services.sessions.list("ada", 10)).toHaveLength(2);
    expect(await scene.services.sessions.list("eve", 10)).toHaveLength(1);
  });

  it("still answers when the turn cannot be stored, and says so", async () => {
    const sessions = { ...createMemorySessionStore(), save: () => Promise.reject(new RagError("store_unavailable", "away")) };
    const { answer } = await createScene(library, { sessions }).ask(TOWER);
    expect(answer).toMatchObject({ answerable: true, degraded: true });
  });
});

describe("the cache", () => {
  it("replays the same events without searching again", async () => {
    const scene = createScene(library);
    const first = await scene.ask(TOWER);
    const services = { ...scene.services, retriever: { retrieve: () => Promise.reject(new Error("searched again")) } };
    const events: AnswerEvent[] = [];
    for await (const event of answerQuestion(
      { principal: "ada", question: " how tall is the  Eiffel Tower ", signal: new AbortController().signal },
      services,
    )) {
      events.push(event);
    }
    expect(types(events)).toEqual(types(first.events));
    const last = events.at(-1);
    expect(last).toEqual({ type: "done", answer: { ...first.answer, sessionId: expect.not.stringMatching(first.answer.sessionId) } });
    expect(events.find(({ type }) => type === "sources")).toEqual(first.events.find(({ type }) => type === "sources"));
    expect(scene.recorder.cacheHits).toBe(1);
  });

  it("keeps no answer that was found without a part that was away, and the answer says so", async () => {
    let isAway = true;
    const whole = createRetriever({ index: library.index });
    const retrieve: Retriever["retrieve"] = async (...query) => ({ ...(await whole.retrieve(...query)), degraded: isAway });
    const scene = createScene(library, { retriever: { retrieve } });
    expect((await scene.ask(TOWER)).answer).toMatchObject({ answerable: true, degraded: true });
    expect((await scene.ask("Who invented the zip fastener?")).answer).toMatchObject({ answerable: false, degraded: true });
    isAway = false;
    expect((await scene.ask(TOWER)).answer.degraded).toBe(false);
    expect((await scene.ask(TOWER)).answer.degraded).toBe(false);
    expect(scene.recorder.cacheHits).toBe(1);
  });

  it("is not shared between principals, nor between contexts", async () => {
    const scene = createScene(library);
    const tower = await scene.ask(TOWER);
    await scene.ask(TOWER, { principal: "eve" });
    const novel = await scene.ask("When was Madame Bovary published?");
    await scene.ask("When was it completed?", { sessionId: tower.answer.sessionId });
    const other = await scene.ask("When was it completed?", { sessionId: novel.answer.sessionId });
    expect(other.answer.standaloneQuestion).toContain("Bovary");
    expect(scene.recorder.cacheHits).toBe(0);
  });

  it("gives no answer from before a restart that other documents would give", async () => {
    const first = createScene(library);
    await first.ask(TOWER);
    const grown = await createLibrary({
      ...LIBRARY,
      "Eiffel Tower news": "Since 2031 the Eiffel Tower is 340 metres tall, because of a new antenna.",
    });
    const second = createScene(grown, { cache: first.services.cache });
    await second.ask(TOWER);
    expect(second.recorder.cacheHits).toBe(0);
    // The same documents in a new process are the same.
    const third = createScene(await createLibrary(), { cache: first.services.cache });
    await third.ask(TOWER);
    expect(third.recorder.cacheHits).toBe(1);
  });

  it("forgets an answer when a cited document has changed, although the index has not", async () => {
    const changing = await createLibrary();
    const scene = createScene(changing);
    await scene.ask(TOWER);
    changing.changeStoredText("Eiffel Tower", "The Eiffel Tower is gone.");
    expect((await scene.ask(TOWER)).answer.answer).not.toContain("330 metres");
    expect(scene.recorder.cacheHits).toBe(0);
  });

  it("keeps no refusal and no degraded answer", async () => {
    const scene = createScene(library, { model: guard(createScriptedModel([failure], ["It is 330 metres tall [1]."]), { fallback: "extractive" }) });
    await scene.ask("What is the boiling point of tungsten?");
    await scene.ask("What is the boiling point of tungsten?");
    expect((await scene.ask(TOWER)).answer.degraded).toBe(true);
    expect((await scene.ask(TOWER)).answer.answeredBy).toEqual({ kind: "model", model: "scripted-1" });
    expect(scene.recorder.cacheHits).toBe(0);
    expect((await scene.ask(TOWER)).answer.answeredBy).toEqual({ kind: "model", model: "scripted-1" });
    expect(scene.recorder.cacheHits).toBe(1);
  });

  it("is not missed when it is away", async () => {
    const away = () => Promise.reject(new Error("cache away"));
    expect((await createScene(library, { cache: { get: away, set: away, clear: away } }).ask(TOWER)).answer.answerable).toBe(true);
  });
});

describe("the same question asked several times at once", () => {
  const said = ["It is ", "330 metres tall [1]."];

  it("is answered once, and every session has its turn", async () => {
    const model = createScriptedModel(said);
    const scene = createScene(library, { model: guard(model) });
    const asked = await Promise.all(Array.from({ length: 5 }, () => scene.ask(TOWER)));
    expect(model.calls).toHaveLength(1);
    expect(new Set(asked.map(({ answer }) => answer.answer)).size).toBe(1);
    expect(new Set(asked.map(({ answer }) => answer.sessionId)).size).toBe(5);
    expect(scene.recorder.cacheHits).toBe(4);
    for (const { answer } of asked) expect((await scene.services.sessions.load("ada", answer.sessionId))?.turns).toHaveLength(1);
  });

  it("is not shared between principals", async () => {
    const model = createScriptedModel(said);
    const scene = createScene(library, { model: guard(model) });
    await Promise.all([scene.ask(TOWER), scene.ask(TOWER, { principal: "eve" })]);
    expect(model.calls).toHaveLength(2);
  });

  it("is answered for the others when the first client leaves", async () => {
    const controller = new AbortController();
    const model = createScriptedModel(() => {
      controller.abort(new Error("left"));
      return said;
    }, said);
    const scene = createScene(library, { model: guard(model) });
    const first = scene.ask(TOWER, { signal: controller.signal });
    const second = scene.ask(TOWER);
    await expect(first).rejects.toThrow("left");
    expect((await second).answer.answer).toContain("330 metres");
  });

  it("waits for no reader: one that pauses holds up nobody else", async () => {
    const scene = createScene(library, { model: guard(createScriptedModel(said)) });
    const paused = answerQuestion({ principal: "ada", question: TOWER, signal: new AbortController().signal }, scene.services);
    for (const type of ["session", "sources"]) expect((await paused.next()).value).toMatchObject({ type });
    expect((await scene.ask(TOWER)).answer.answer).toContain("330 metres");
    await paused.return();
  });

  it("can be asked again after its first reader has left between two events", async () => {
    const controller = new AbortController();
    const scene = createScene(library, { model: guard(createScriptedModel(said)) });
    const left = answerQuestion({ principal: "ada", question: TOWER, signal: controller.signal }, scene.services);
    for (const type of ["session", "sources"]) expect((await left.next()).value).toMatchObject({ type });
    controller.abort(new Error("left"));
    expect((await scene.ask(TOWER)).answer.answer).toContain("330 metres");
  });

  it("fails for each by itself when the model fails", async () => {
    const model = createScriptedModel([failure]);
    const scene = createScene(library, { model: guard(model) });
    const outcomes = await Promise.allSettled([scene.ask(TOWER), scene.ask(TOWER), scene.ask(TOWER)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(model.calls).toHaveLength(3);
  });
});

describe("a record that is away", () => {
  const away = (): Promise<never> => Promise.reject(new RagError("store_unavailable", "The store is away."));

  it("does not keep answers back: they quote what the index holds, and say that they are degraded", async () => {
    const scene = createScene(library, { documents: { getDocument: away } });
    const { answer } = await scene.ask(TOWER);
    expect(answer).toMatchObject({ answerable: true, degraded: true });
    expect(answer.citations[0]?.quote).toContain("330 metres");
  });

  it("keeps no such answer for later, and takes none from the cache", async () => {
    let isAway = false;
    const scene = createScene(library, { documents: { getDocument: (id) => (isAway ? away() : Promise.resolve(library.documents.get(id))) } });
    await scene.ask(TOWER);
    isAway = true;
    expect((await scene.ask(TOWER)).answer.degraded).toBe(true);
    expect(scene.recorder.cacheHits).toBe(0);
    isAway = false;
    expect((await scene.ask(TOWER)).answer.degraded).toBe(false);
    expect(scene.recorder.cacheHits).toBe(1);
  });
});
