/** Follow-ups become standalone questions; questions that stand alone stay as they are. */
import { describe, expect, it } from "vitest";
import { createScriptedModel, guard, type Script } from "../../test-support/answer-scene.ts";
import { RagError } from "../errors.ts";
import type { Turn } from "../model.ts";
import { createAnalyzer } from "../text/analyzer.ts";
import { needsEarlierTurns } from "./follow-up.ts";
import { findNames } from "./names.ts";
import { rewriteQuestion } from "./rewrite.ts";

const analyzer = createAnalyzer();
const { signal } = new AbortController();

function turn(question: string, answer: string, overrides: Partial<Turn> = {}): Turn {
  return { question, standaloneQuestion: question, answer, answerable: true, citedTitles: [], atMs: 0, ...overrides };
}

const BOVARY = turn("When was Madame Bovary published?", "Madame Bovary was published in 1857 [1].", { citedTitles: ["Madame_Bovary"] });
const AUTHOR = turn("and who wrote it?", "It was written by Gustave Flaubert, who lived in Croisset [1].", {
  standaloneQuestion: "and who wrote it? (Madame Bovary)",
  citedTitles: ["Madame_Bovary"],
});

const rewrite = (question: string, ...turns: Turn[]): Promise<string> => rewriteQuestion(question, turns, analyzer, undefined, signal);

describe("needsEarlierTurns", () => {
  it.each([
    "and who wrote it?",
    "Who wrote it?",
    "How many people visit it every year?",
    "When was the author of it born?",
    "Where is that?",
    "What are its members?",
    "why?",
    "How so?",
    "What about Berlin?",
    "how about the second one?",
    "and in Germany?",
    "and the height?",
    "Who is the author?",
    "Was she married?",
    "Are these rules strict?",
    "thanks, and when did they leave?",
    "Who wrote its anthem?",
    "Who is the author of its manual?",
    "Where is the manual for its boiler?",
    "No, in Oslo?",
    "So what about Berlin?",
    "Well. In Germany?",
  ])("holds for: %s", (question) => expect(needsEarlierTurns(question, analyzer)).toBe(true));

  it.each([
    "How tall is the Eiffel Tower?",
    "Who wrote Madame Bovary?",
    "and who painted the Mona Lisa?",
    "When did Napoleon lose his throne?",
    "How does photosynthesis work and why is it important?",
    "What happens to a bill when it passes?",
    "Is it possible to renew a passport by post?",
    "How long does it take to cross the sound?",
    "What is gravity?",
    "holiday policy",
    "Does the boiler have its own manual?",
    "What does the boiler do with its water?",
    "Do hens have their own language?",
    "No smoking rule?",
    "Well depth in the garden?",
    "Ok button colour?",
    "How many prizes were given out this year?",
    "What is the fastest bird that lives in Europe?",
  ])("does not hold for: %s", (question) => expect(needsEarlierTurns(question, analyzer)).toBe(false));
});

describe("rewriting without a model", () => {
  it.each([
    ["a first question", "Who wrote it?", [], "Who wrote it?"],
    ["a question that stands alone", "How tall is the Eiffel Tower?", [BOVARY], "How tall is the Eiffel Tower?"],
    ["what the last question named", "and who wrote it?", [BOVARY], "and who wrote it? (Madame Bovary)"],
    ["whom the last answer named", "Where was he born?", [BOVARY, AUTHOR], "Where was he born? (Gustave Flaubert)"],
    ["the topic through several turns", "When was it banned?", [BOVARY, AUTHOR], "When was it banned? (Madame Bovary)"],
    ["content words where nothing is named", "why is that?", [turn("how do owls hunt at night", "By ear.")], "why is that? (owls, hunt, night)"],
    [
      "no form of address without its name",
      "What does she eat?",
      [turn("Who is Minka's vet?", "Minka's vet is Dr. Lang [1].")],
      "What does she eat? (Dr. Lang)",
    ],
    ["no form of address alone", "What does she eat?", [turn("Who is Minka's vet?", "Ask the Dr. She knows [1].")], "What does she eat? (Minka)"],
    [
      "the title that was cited",
      "How old is it?",
      [turn("what is the largest clock here", "It is …", { citedTitles: ["Town Hall Clock"] })],
      "How old is it? (Town Hall Clock, largest)",
    ],
    [
      "no title after a refusal",
      "How old is it?",
      [turn("what is the largest clock here", "…", { answerable: false, citedTitles: ["Owl"] })],
      "How old is it? (largest, clock)",
    ],
  ])("uses %s", async (_, question, turns, expected) => expect(await rewrite(question, ...turns)).toBe(expected));

  it("adds ten terms at most", async () => {
    const words = "alpha beta gamma delta epsilon zeta theta iota kappa lambda sigma omega";
    const rewritten = await rewrite("why is that?", turn(words, "so"));
    expect(analyzer.terms(rewritten)).toHaveLength(10);
  });
});

describe("rewriting with a model", () => {
  const ask = (...script: Script) => rewriteQuestion("and who wrote it?", [BOVARY], analyzer, guard(createScriptedModel(script)), signal);
  const heuristic = "and who wrote it? (Madame Bovary)";

  it("takes its one line, without quotation marks", async () => {
    expect(await ask('"Who wrote ', 'Madame Bovary?"\n')).toBe("Who wrote Madame Bovary?");
  });

  it.each<[string, Script]>([
    ["fails", [new RagError("llm_timeout", "late")]],
    ["breaks off", ["Who wrote", new Error("cut")]],
    ["says nothing", ["  \n"]],
    ["answers at length", ["Gustave Flaubert wrote it.\nHe was born in Rouen."]],
    ["does not stop", ["word ".repeat(500)]],
  ])("falls back on the heuristic when the model %s", async (_, script) => expect(await ask(...script)).toBe(heuristic));

  it("does not ask the model about a first question", async () => {
    const chat = createScriptedModel(["never"]);
    expect(await rewriteQuestion("who wrote it?", [], analyzer, guard(chat), signal)).toBe("who wrote it?");
    expect(chat.calls).toEqual([]);
  });

  it("shows the model the last turns, not the whole session", async () => {
    const chat = createScriptedModel(["Who wrote it?"]);
    const turns = Array.from({ length: 30 }, (_, index) => turn(`Question ${index}?`, "a".repeat(10_000)));
    await rewriteQuestion("and who wrote it?", turns, analyzer, guard(chat), signal);
    expect(chat.calls[0]?.map(({ content }) => content).join("").length).toBeLessThan(3_000);
  });

  it("throws when the client has left", async () => {
    const gone = AbortSignal.abort();
    await expect(rewriteQuestion("and who wrote it?", [BOVARY], analyzer, guard(createScriptedModel(["x"])), gone)).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

describe("findNames", () => {
  it.each([
    ["When was Madame Bovary published?", ["Madame Bovary"]],
    ["Is the University of Oslo older than Simone de Beauvoir?", ["University of Oslo", "Simone de Beauvoir"]],
    ["Tea is grown in Japan. Gustave Flaubert drank it.", ["Japan", "Gustave Flaubert"]],
    ["Napoleon's army met J. Smith in Moscow", ["J. Smith", "Moscow"]],
    ["Dr. Lang met Mrs. Weber and Prof. Dr. Meier in St. Gallen", ["Dr. Lang", "Mrs. Weber", "Prof. Dr. Meier", "St. Gallen"]],
    ["Ask Mrs. Weber, not Mr Lang", ["Mrs. Weber", "Mr Lang"]],
    ["Is she a Dr?", []],
    ["She is a Dr. What does she eat?", []],
    ["Ask Mrs", []],
    ["nothing to see here", []],
    ["", []],
  ])("finds in “%s” %j", (text, names) => expect(findNames(text)).toEqual(names));
});
