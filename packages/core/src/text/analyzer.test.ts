import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growthOverEightfold, LINEAR } from "../../test-support/growth.ts";
import { createAnalyzer } from "./analyzer.ts";

const analyzer = createAnalyzer();

const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom(
        "don't",
        "O’Brien's",
        "naïve",
        "ﬁne",
        "漢字テスト",
        "서울",
        "ภาษาไทย",
        "😀",
        "\ud800",
        "\udc00",
        "x".repeat(80),
        "a\u0301",
        "ﷺ",
        "İ",
        " ",
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("createAnalyzer", () => {
  it("folds case and accents, leaves out stop words and reduces words to stems", () => {
    expect(analyzer.terms("The cats' naïve questions, asked in CAFÉS")).toEqual(["cat", "naiv", "question", "ask", "cafe"]);
  });

  it("finds the same term under straight and curly apostrophes, possessive or not", () => {
    expect(analyzer.terms("Newton's Newton’s Newton")).toEqual(["newton", "newton", "newton"]);
  });

  it("takes contractions of stop words for stop words", () => {
    expect(analyzer.terms("don't can’t it's they're")).toEqual([]);
  });

  it("keeps numbers and words that mix letters with digits", () => {
    expect(analyzer.terms("In 1889, B12 and COVID-19")).toEqual(["1889", "b12", "covid", "19"]);
  });

  it("leaves words of other alphabets whole", () => {
    expect(analyzer.terms("Москва εσπέρα")).toEqual(["москва", "εσπερα"]);
  });

  it("cuts scripts without spaces into overlapping pairs, each with its own place", () => {
    expect(analyzer.tokens("東京都")).toEqual([
      { term: "東京", start: 0, end: 2 },
      { term: "京都", start: 1, end: 3 },
    ]);
    expect(analyzer.terms("GPU東京")).toEqual(["gpu", "東京"]);
    expect(analyzer.terms("字")).toEqual(["字"]);
  });

  it("keeps the month of May, but not the verb, at the beginning of a sentence or within", () => {
    expect(analyzer.terms("What happens in May?")).toEqual(["happen", "may"]);
    expect(analyzer.terms("Early\nMay 2024")).toEqual(["earli", "may", "2024"]);
    for (const text of ["May I smoke?", "I may smoke. May I?", "Smoke!\n\nMay I?", "- smoke\n- May smoke", "“May I smoke?”", "You MAY smoke"]) {
      expect(analyzer.terms(text)).not.toContain("may");
    }
  });

  it("keeps abbreviations that look like stop words", () => {
    expect(analyzer.terms("What does the WHO advise?")).toEqual(["who", "advis"]);
    expect(analyzer.terms("The US’s IT budget, and theirs with us")).toEqual(["us", "it", "budget"]);
    expect(analyzer.terms("WHO")).toEqual(["who"]);
  });

  it("does not mistake stress and texts in capitals for abbreviations", () => {
    expect(analyzer.terms("Do NOT smoke, AND do not drink")).toEqual(["smoke", "drink"]);
    expect(analyzer.terms("WHAT IS THE DOSE OF IT?")).toEqual(["dose"]);
  });

  it("finds no term in stop words, punctuation, emoji and lone surrogates", () => {
    expect(analyzer.terms("what is the of and ?!… 😀👍🏽 \ud800 \udc00")).toEqual([]);
  });

  it("keeps the beginning of an endless word, and no half of a character", () => {
    expect(createAnalyzer({ stem: (word) => word }).terms("x".repeat(100_000))).toEqual(["x".repeat(64)]);
    const [term] = analyzer.terms(`${"x".repeat(63)}𝒳𝒳`);
    expect(term).toBe("x".repeat(63));
  });

  it("takes other stop words and another stemmer", () => {
    const german = createAnalyzer({ stopWords: new Set(["der"]), stem: (word) => word.slice(0, 3) });
    expect(german.terms("der Hunde the")).toEqual(["hun", "the"]);
  });

  it("says the same of a text every time, in both forms", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const terms = analyzer.terms(text);
        expect(analyzer.terms(text)).toEqual(terms);
        expect(
          createAnalyzer()
            .tokens(text)
            .map(({ term }) => term),
        ).toEqual(terms);
      }),
    );
  });

  it("gives every token the exact place of its word, in order, whatever the text", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        let before = 0;
        for (const { term, start, end } of analyzer.tokens(text)) {
          expect(term).not.toBe("");
          expect(term.isWellFormed()).toBe(true);
          expect(start).toBeGreaterThanOrEqual(before);
          expect(end).toBeGreaterThan(start);
          expect(text.slice(start, end)).toMatch(/^[\p{L}\p{N}\p{M}'’ー]+$/u);
          before = start;
        }
      }),
    );
  });

  it("finds a word of the text by its slice alone", () => {
    const text = "Ein naïveté-test: O'Brien's cafés, 東京タワー and B12's";
    for (const { term, start, end } of analyzer.tokens(text)) expect(analyzer.terms(text.slice(start, end))).toContain(term);
  });

  const hard: [name: string, make: (size: number) => string][] = [
    ["one word", (size) => "x".repeat(size)],
    ["apostrophes", (size) => "a'".repeat(size / 2)],
    ["combining marks out of order", (size) => `a${"\u0315\u0300".repeat(size / 2)}`],
    ["one run of Chinese", (size) => "漢".repeat(size)],
    ["scripts in turns", (size) => "가a".repeat(size / 2)],
    ["ligatures that stand for whole phrases", (size) => "\ufdfa".repeat(size)],
  ];
  it.each(hard)("takes linear time for %s", (_, make) => {
    expect(growthOverEightfold(40_000, make, (text) => void createAnalyzer().terms(text))).toBeLessThan(LINEAR);
  });
});
