/** Which sentences are quoted, and what the gate lets through. */
import { describe, expect, it } from "vitest";
import { toHit } from "../../test-support/answer-scene.ts";
import type { SearchHit } from "../model.ts";
import { createAnalyzer } from "../text/analyzer.ts";
import { chooseQuotes, citeQuotes } from "./extractive.ts";
import { judgeEvidence } from "./gate.ts";
import { analyseQuestion } from "./question.ts";
import { createLocalInverseDocumentFrequency } from "./sentence-scores.ts";

const analyzer = createAnalyzer();

function quotes(question: string, texts: Readonly<Record<string, string>>, standalone = question): string[] {
  const hits = Object.entries(texts).map(([title, text], rank) => toHit(title, text, 1 / (1 + rank)));
  return chooseQuotes(analyseQuestion(question, standalone, analyzer), hits, analyzer, createLocalInverseDocumentFrequency(hits, analyzer)).map(
    ({ text }) => text,
  );
}

describe("chooseQuotes", () => {
  it("prefers the sentence that holds the kind of thing asked for", () => {
    const bridge = "The bridge was opened with a great feast. The bridge was opened in 1932 by the mayor.";
    expect(quotes("When was the bridge opened?", { Bridge: bridge })[0]).toContain("1932");
  });

  it("does not take a name that the question gives for its answer", () => {
    const texts = { Bridge: "The Lund Bridge was designed with care. The Lund Bridge was designed by Jonas Birk." };
    expect(quotes("Who designed the Lund Bridge?", texts)[0]).toContain("Jonas Birk");
  });

  it("understands that a pronoun at the beginning stands for what came before", () => {
    expect(
      quotes("How tall is the old lighthouse?", { Coast: "The old lighthouse stands on the cape. It is 40 metres tall. Gulls nest there." })[0],
    ).toBe("It is 40 metres tall.");
  });

  it("knows the irregular forms of a verb", () => {
    expect(quotes("Who wrote the report?", { Office: "The report was long. The report was written by Mia Holt." })[0]).toContain("Mia Holt");
  });

  it("quotes one sentence for each part of a question", () => {
    const texts = {
      Horn: "The fog horn was bought in 1934 because the bell was too quiet. The horn is painted red.",
      Fog: "In the long fog the mainspring of the bell broke. Nobody slept that week.",
    };
    const chosen = quotes("Why was the fog horn bought, and what broke on the bell in the long fog?", texts);
    expect(chosen.slice(0, 2).join(" ")).toMatch(/bought in 1934.*mainspring/);
  });

  it("says what is new before it says the same again in other words", () => {
    const texts = {
      Line: "The fuel line was mended by Oskar Tench in the storm. In the storm Oskar Tench mended the fuel line lying on his side.",
      Log: "The fuel line split in the storm and Oskar Tench mended it. Lene Marrable offers to replace it.",
    };
    const chosen = quotes("Who mended the fuel line in the storm, and who offered to replace it?", texts);
    expect(chosen.slice(0, 2).join(" ")).toContain("Lene Marrable");
  });

  it("answers a follow-up of mere pronouns with what is asked, not with whatever names its topic again", () => {
    const texts = { "Jonas Birk": "Jonas Birk repaired the clock in 1954. He was a watchmaker from Lund." };
    expect(quotes("And where was he from?", texts, "And where was he from? (Jonas Birk, repaired, clock)")[0]).toBe("He was a watchmaker from Lund.");
  });

  it("never quotes more than three sentences, nor a heading where there is prose", () => {
    const text = `# Owls\n\n${Array.from({ length: 9 }, (_, index) => `Owls hunt voles in field ${index}.`).join(" ")}`;
    const chosen = quotes("Where do owls hunt voles?", { Owls: text });
    expect(chosen.length).toBeLessThanOrEqual(3);
    expect(chosen.join(" ")).not.toContain("#");
  });

  it("gives words taken over from earlier turns less weight than those asked now", () => {
    const texts = { Bovary: "Madame Bovary is a novel. Its author Gustave Flaubert finished it in Croisset." };
    expect(quotes("and who is the author?", texts, "and who is the author? (Madame Bovary)")[0]).toContain("Flaubert");
  });

  it("quotes nothing when no sentence speaks of what is asked by itself", () => {
    const texts = { Dishwasher: "It does not cover broken baskets. The filter is rinsed weekly." };
    expect(quotes("What is the weight of the dishwasher?", texts)).toEqual([]);
    expect(quotes("Who founded Bosch?", texts)).toEqual([]);
  });

  it.each([
    ["Who mended the boiler?", "The plumber repaired the boiler."],
    ["Who mended the boiler?", "Jonas repaired the boiler."],
    ["Who pays the gas bill?", "Tenants pay the gas bill."],
    ["Where do we keep the spare key?", "The spare key hangs behind the door."],
    ["How often must somebody clean the filter?", "The filter is cleaned weekly."],
  ])("takes somebody, somewhere and a measure without a name for an answer: %s", (question, text) => {
    expect(quotes(question, { Notes: text })).toEqual([text]);
  });

  it("quotes the row of a table, not its header", () => {
    const table = "| device | address | room |\n| --- | --- | --- |\n| printer | 10.0.0.5 | study |";
    expect(quotes("What is the device address of the printer?", { Network: table })).toEqual(["| printer | 10.0.0.5 | study |"]);
  });

  it("has nothing to quote without passages", () => expect(quotes("Who wrote it?", {})).toEqual([]));
});

describe("citeQuotes", () => {
  it("makes a footnote harmless and leaves an index in code as it stands", async () => {
    const binder = { bind: async () => true, citations: () => [], isStoreAway: () => false, haveSourcesChanged: () => false };
    const quote = { number: 1, start: 0, end: 40, text: "The path is argv[1], as they say. [2]" };
    expect(await Array.fromAsync(citeQuotes([quote], binder))).toEqual(["The path is argv[1], as they say. (2) [1]"]);
  });
});

describe("judgeEvidence", () => {
  const hit = (termCoverage: number, phraseCoverage: number): SearchHit => ({
    ...toHit("Owl", "The owl hunts."),
    evidence: { termCoverage, phraseCoverage, semanticSimilarity: 0, knownTerms: 1 },
  });
  const judge = (...hits: SearchHit[]) => judgeEvidence(analyseQuestion("owl", "owl", analyzer), hits, analyzer, () => 1);

  it("answers from full coverage, refuses without any, and never from a hit far down", () => {
    expect(judge(hit(1, 0)).isEnough).toBe(true);
    expect(judge(hit(0.1, 0)).isEnough).toBe(false);
    expect(judge().isEnough).toBe(false);
    expect(judge(hit(0.1, 0), hit(0.1, 0), hit(0.1, 0), hit(1, 1)).isEnough).toBe(false);
    expect(judge(hit(0.1, 0), hit(1, 0)).isEnough).toBe(true);
  });

  it("finds more evidence more likely", () => {
    const values = [0, 0.25, 0.5, 0.75, 1].map((coverage) => judge(hit(coverage, 0)).likelihoods[0] ?? 0);
    expect(values).toEqual([...values].sort((left, right) => left - right));
    expect(judge(hit(0.4, 0.5)).likelihoods[0]).toBeGreaterThan(judge(hit(0.4, 0)).likelihoods[0] ?? 1);
  });

  it("judges a follow-up by its own words more than by those of the conversation", () => {
    const tower = toHit("Eiffel Tower", "The Eiffel Tower is visited by seven million people.");
    const follow = (question: string) =>
      judgeEvidence(analyseQuestion(question, `${question} (Eiffel Tower)`, analyzer), [tower], analyzer, () => 1).isEnough;
    expect(follow("and how many people visit it?")).toBe(true);
    expect(follow("and what is its market capitalisation?")).toBe(false);
  });
});
