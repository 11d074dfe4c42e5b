import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growthOverEightfold, LINEAR } from "../../test-support/growth.ts";
import { type SentenceOptions, splitSentences } from "./sentences.ts";

function sentencesOf(text: string, options?: SentenceOptions): string[] {
  return splitSentences(text, options).map(({ start, end }) => text.slice(start, end));
}

const fragment = fc.oneof(
  fc.constantFrom(
    "Dr.",
    "e.g.",
    "U.S.",
    "J. Smith",
    "vitamin C. It",
    "No. 7",
    "3. Mai",
    "z. B.",
    "3.50.",
    "…",
    "?!",
    '."',
    "1. ",
    "- ",
    "# A",
    "| a |",
    "```",
    "> q",
  ),
  fc.constantFrom("。", "！」", "\u00a0", "\u2028", "\r", "\t", "😀", "\ud800", "\udc00", ".".repeat(20), "x".repeat(50)),
  fc.lorem({ maxCount: 12 }),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const anyText = fc.array(fc.tuple(fragment, fc.constantFrom(" ", "\n", "\n\n", "", ". ")), { maxLength: 30 }).map((parts) => parts.flat().join(""));

describe("splitSentences", () => {
  it("ends sentences at full stops, question and exclamation marks, with the quotes that belong to them", () => {
    expect(sentencesOf('It rained. "Did it?" she asked. Yes! (Hard.) Then it stopped')).toEqual([
      "It rained.",
      '"Did it?"',
      "she asked.",
      "Yes!",
      "(Hard.)",
      "Then it stopped",
    ]);
  });

  it("does not end them at abbreviations, initials, decimals or list numbers", () => {
    const text = "Dr. Lee of the U.S. army, e.g. J. R. Smith vs. No. 7, paid $3.50 to Acme Inc. for 1.5 kg.";
    expect(sentencesOf(text)).toEqual([text]);
    expect(sentencesOf("1. First of all, sit down.")).toEqual(["1. First of all, sit down."]);
  });

  it("ends them at an abbreviation that closes a sentence, and at a single letter that is no initial", () => {
    expect(sentencesOf("He works for Acme Inc. She does not.")).toEqual(["He works for Acme Inc.", "She does not."]);
    expect(sentencesOf("It is rich in vitamin C. It tastes sour.")).toEqual(["It is rich in vitamin C.", "It tastes sour."]);
  });

  it.each([
    "Die Garantie endet am 3. Mai 2026.",
    "Die Messe dauert vom 30. September bis zum 01. Oktober, nicht vom 11.–13. März.",
    "Sie trinkt Tee, z.B. Oolong, bzw. Kaffee, d.h. Espresso, u.a. Mokka, ca. Drittel voll, in der Langen Str. Nr. Acht.",
    "Er wohnt in der Hauptstr. 5 und mag Obst, z. B. Äpfel.",
    "Kaffee, Tee usw. sind da.",
  ])("does not end German sentences at days and abbreviations: %s", (text) => expect(sentencesOf(text)).toEqual([text]));

  it("ends them after numbers that are no days, and at “usw.” before a capital letter", () => {
    expect(sentencesOf("Es waren 40. Mai ist der fünfte Monat.")).toEqual(["Es waren 40.", "Mai ist der fünfte Monat."]);
    expect(sentencesOf("She scored 3. Maize is a plant.")).toEqual(["She scored 3.", "Maize is a plant."]);
    expect(sentencesOf("Es gibt Tee usw. Der Kaffee ist aus.")).toEqual(["Es gibt Tee usw.", "Der Kaffee ist aus."]);
    expect(sentencesOf("It returns a str. The end.")).toEqual(["It returns a str.", "The end."]);
    expect(sentencesOf("We know x, y and z. But why?")).toEqual(["We know x, y and z.", "But why?"]);
  });

  it("ends Chinese and Japanese sentences without a space", () => {
    expect(sentencesOf("今天很好。我们走吧！「はい。」終わり")).toEqual(["今天很好。", "我们走吧！", "「はい。」", "終わり"]);
  });

  it("joins hard-wrapped lines and keeps apart paragraphs, headings, list items and table rows", () => {
    const wrapped = "This is a line of prose that was wrapped by an editor at about\nseventy columns, and it goes on here.";
    expect(sentencesOf(wrapped)).toEqual([wrapped]);
    expect(sentencesOf("# Title\nText of it\n\n- one\n- two\n\n| a | b |\n| c | d |")).toEqual([
      "# Title",
      "Text of it",
      "- one",
      "- two",
      "| a | b |",
      "| c | d |",
    ]);
  });

  it("cuts an endless sentence at a space near the limit, or anywhere but inside a character", () => {
    expect(sentencesOf("word ".repeat(100), { maxLength: 50 }).every((piece) => /^(?:word )*word$/.test(piece))).toBe(true);
    const emoji = `x${"😀".repeat(200)}`;
    const pieces = sentencesOf(emoji, { maxLength: 30 });
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
    expect(pieces.join("")).toBe(emoji);
  });

  it("has no sentence for a text without one", () => {
    expect(sentencesOf("")).toEqual([]);
    expect(sentencesOf(" \n\t\n ")).toEqual([]);
  });

  it("covers every text exactly: trimmed spans in order, white space alone between them, none too long", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 200 }), (text, maxLength) => {
        let at = 0;
        for (const { start, end } of splitSentences(text, { maxLength })) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          expect(end - start).toBeLessThanOrEqual(maxLength);
          expect(text.slice(at, start).trim()).toBe("");
          expect(text.slice(start, end).trim()).toBe(text.slice(start, end));
          at = end;
        }
        expect(text.slice(at).trim()).toBe("");
      }),
    );
  });

  const hard: [name: string, make: (size: number) => string][] = [
    ["full stops that end nothing", (size) => `${".".repeat(size)}a`],
    ["stops and quotes", (size) => `${`.${'"'.repeat(99)}`.repeat(size / 100)}a`],
    ["numbers after a wide margin", (size) => `${" ".repeat(size / 2)}${"1. ".repeat(size / 6)}`],
    ["white space", (size) => " ".repeat(size)],
    ["empty lines", (size) => "\n".repeat(size)],
    ["initials", (size) => "A. ".repeat(size / 3)],
    ["rules", (size) => "- ".repeat(size / 2)],
    ["one line without a space", (size) => "x".repeat(size)],
  ];
  it.each(hard)("takes linear time for %s", (_, make) => {
    expect(growthOverEightfold(40_000, make, (text) => void splitSentences(text))).toBeLessThan(LINEAR);
  });
});
