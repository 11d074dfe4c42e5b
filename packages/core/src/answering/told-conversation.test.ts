import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnalyzer } from "../text/analyzer.ts";
import { REFUSAL } from "./refusal.ts";
import { type EarlierExchange, turnsOfConversation } from "./told-conversation.ts";

const analyzer = createAnalyzer();
const turns = (...exchanges: readonly (readonly [string, string])[]) =>
  turnsOfConversation(
    exchanges.map(([question, answer]) => ({ question, answer })),
    analyzer,
  );

describe("a conversation that is told", () => {
  it("carries the topic from one question to the next", () => {
    const [, second, third] = turns(
      ["When was Madame Bovary published?", "In 1857. [1]"],
      ["and who wrote it?", "Gustave Flaubert. [1]"],
      ["Where was he born?", ""],
    );
    expect(second?.standaloneQuestion).toContain("Madame Bovary");
    expect(third?.standaloneQuestion).toContain("Gustave Flaubert");
  });

  it("knows a refusal, and a question that was left without an answer", () => {
    const told = turns(
      ["Which enzyme unwinds the helix?", `${REFUSAL} Ask of something else.`],
      ["Who then?", ""],
      ["How tall is it?", "330 m. [1]"],
    );
    expect(told.map(({ answerable }) => answerable)).toEqual([false, false, true]);
  });

  it("keeps the order and the newest ten, and nothing of any length", () => {
    const exchange: fc.Arbitrary<EarlierExchange> = fc.record({ question: fc.string({ maxLength: 40 }), answer: fc.string({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 25 }), (exchanges) => {
        const told = turnsOfConversation(exchanges, analyzer);
        expect(told.map(({ question, answer }) => ({ question, answer }))).toEqual(exchanges.slice(-10));
      }),
    );
    const [long] = turns(["q".repeat(1_000_000), "a".repeat(1_000_000)]);
    expect([long?.question.length, long?.answer.length]).toEqual([2_000, 4_000]);
  });
});
