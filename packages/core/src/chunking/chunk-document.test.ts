import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growthOverEightfold, LINEAR } from "../../test-support/growth.ts";
import { type ChunkOptions, type ChunkSpan, chunkDocument } from "./chunk-document.ts";

function chunksOf(text: string, options: ChunkOptions = {}, format: "markdown" | "text" | "csv" = "markdown") {
  return chunkDocument({ text, format }, options).map(({ start, end, headingPath }) => ({ text: text.slice(start, end), headingPath }));
}

function expectSound(text: string, spans: readonly ChunkSpan[], maxChars: number): void {
  let at = 0;
  for (const { start, end, headingPath } of spans) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(end).toBeGreaterThan(start);
    expect(end - start).toBeLessThanOrEqual(maxChars);
    expect(text.slice(at, start).trim()).toBe("");
    const chunk = text.slice(start, end);
    expect(chunk.trim()).toBe(chunk);
    expect(headingPath.length).toBeLessThanOrEqual(6);
    at = end;
  }
  expect(text.slice(at).trim()).toBe("");
}

const fragment = fc.oneof(
  fc.constantFrom(
    "# A",
    "## B",
    "### C ##",
    "###### F",
    "#",
    "Title\n===",
    "Sub\n---",
    "---",
    "***",
    "```",
    "````js",
    "~~~",
    "  ```",
    "- ```",
    "<!--",
    "-->",
    "<pre>",
    "</PRE>",
  ),
  fc.constantFrom("| a | b |", "|---|---|", "- item", "1. one", "> quoted", "\t", "   ", "\r", "\u00a0", "\u2028", "。", "Dr. No. Yes! "),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.lorem({ maxCount: 30 }),
  fc.constantFrom("😀".repeat(40), "x".repeat(150), "漢字。".repeat(30)),
);
const markdownText = fc
  .array(fc.tuple(fragment, fc.constantFrom("\n", "\n\n", " ", "", "\r\n")), { maxLength: 60 })
  .map((parts) => parts.flat().join(""));

describe("chunkDocument", () => {
  it("keeps the headings above a chunk as its path", () => {
    expect(chunksOf("# Tea\n\nWarm.\n\n## Green\n\nSteep it.\n\nSub two\n-------\n\nWait.\n\n# Coffee\n\nHot.")).toEqual([
      { text: "# Tea\n\nWarm.", headingPath: ["Tea"] },
      { text: "## Green\n\nSteep it.", headingPath: ["Tea", "Green"] },
      { text: "Sub two\n-------\n\nWait.", headingPath: ["Tea", "Sub two"] },
      { text: "# Coffee\n\nHot.", headingPath: ["Coffee"] },
    ]);
  });

  it("puts a heading without text of its own, and front matter, into the chunk that follows", () => {
    const text = "---\ntitle: Tea\n---\n\n# Tea\n\n## Green\n\nSteep it.";
    expect(chunksOf(text)).toEqual([{ text, headingPath: ["Tea", "Green"] }]);
  });

  it("takes Markdown's marks out of heading titles", () => {
    const [chunk] = chunksOf("## The **bold** [link](http://a.example/b_c) to `code` \\# ##\n\nText.");
    expect(chunk?.headingPath).toEqual(["The bold link to code #"]);
  });

  it("does not take comments in code, deep indentation or hashtags for headings", () => {
    const text = "Text.\n\n```sh\n# not a heading\n```\n\n    # nor this\n\n#hashtag";
    expect(chunksOf(text)).toEqual([{ text, headingPath: [] }]);
  });

  it.each([
    ["a list number", "1. ```sh\n   # update\n   apt update\n   ```\n2. Reboot."],
    ["nested list marks", "- 1. ~~~\n# update\n     ~~~\n- Reboot."],
    ["a list number alone on its line", "1.\n   ```sh\n# update\n   ```\n2. Reboot."],
  ])("sees a fence that opens after %s, and where it closes", (_, list) => {
    expect(chunksOf(`# Install\n\n${list}\n\n# Warranty\n\nFive years.`)).toEqual([
      { text: `# Install\n\n${list}`, headingPath: ["Install"] },
      { text: "# Warranty\n\nFive years.", headingPath: ["Warranty"] },
    ]);
  });

  it.each([
    ["a key", "---\ntitle: Tea\n# not a heading\n---"],
    ["a quoted key", '---\n"title": Tea\n# not a heading\n---'],
    ["a comment", "---\n# not a heading\n\ntitle: Tea\n---"],
    ["nothing", "---\n---"],
  ])("takes for front matter what begins with %s", (_, front) => {
    const text = `${front}\n\n# Tea`;
    expect(chunksOf(text)).toEqual([{ text, headingPath: ["Tea"] }]);
  });

  it.each([
    ["before a blank line", "---\n\n# Title\n\nText\n\n## Sub\n\nMore\n\n---\n\n# Next"],
    ["before a heading", "---\n# Title\n\nText\n\n## Sub\n\nMore\n\n---\n\n# Next"],
    ["before a link", "---\nhttps://a.example\n\n# Title\n\n## Sub\n\nMore\n\n---\n\n# Next"],
  ])("takes no rule on the first line %s for front matter", (_, text) => {
    expect(chunksOf(text).map(({ headingPath }) => headingPath)).toEqual(expect.arrayContaining([["Title", "Sub"], ["Next"]]));
  });

  it.each([
    ["a comment", "<!--\n# Old heading\n\n# Older heading\n-->"],
    ["preformatted text", "<pre>\n# x\n\n# y\n</pre>"],
    ["a script", '<SCRIPT type="module">\n# x\n</script >'],
    ["a style sheet", "<style>\n# x\n</style>"],
    ["a comment in a list", "- <!--\n# x\n-->"],
    ["a comment that never ends, up to the next blank line", "<!--\n# x"],
  ])("does not look for headings in %s", (_, html) => {
    expect(chunksOf(`# A\n\n${html}\n\n# B`)).toEqual([
      { text: `# A\n\n${html}`, headingPath: ["A"] },
      { text: "# B", headingPath: ["B"] },
    ]);
  });

  it("sees headings after a comment that ends on its line, and after a word that only begins like an HTML tag", () => {
    const text = "<!-- toc -->\n# A\n\n<!-->\n# B\n\n<prefix>\n# C\n\n</pre>";
    expect(chunksOf(text).map(({ headingPath }) => headingPath.join())).toEqual(["", "A", "B", "C"]);
  });

  it("counts a tab as up to four columns: what it indents is code", () => {
    const text = "Text.\n\n\t# make it\n\n  \t# and this\n\nTitle\n\t---\n\n\tCode\n---";
    expect(chunksOf(text)).toEqual([{ text, headingPath: [] }]);
  });

  it("keeps fenced code whole where it fits, blank lines and all", () => {
    const code = `\`\`\`ts\n${"const a = 1;\n\n".repeat(40)}\`\`\``;
    const chunks = chunksOf(`Before. ${"Words. ".repeat(80)}\n\n${code}\n\nAfter. ${"Words. ".repeat(80)}`, { targetChars: 300, maxChars: 700 });
    expect(chunks.filter((chunk) => chunk.text.includes("```")).map((chunk) => chunk.text)).toEqual([code]);
  });

  it("keeps a table whole where it fits and cuts a longer one between rows", () => {
    const header = "| name | born |\n|---|---|\n";
    const row = "| Ada Lovelace | 1815 |\n";
    const fitting = `${header}${row.repeat(20)}`.trim();
    expect(chunksOf(`${"A. ".repeat(150)}\n\n${fitting}`, { targetChars: 300, maxChars: 600 }).at(-1)?.text).toBe(fitting);
    for (const chunk of chunksOf(`${header}${row.repeat(100)}`, { targetChars: 300, maxChars: 600 })) {
      expect(chunk.text.startsWith("|")).toBe(true);
      expect(chunk.text.endsWith("|")).toBe(true);
    }
  });

  it("joins small paragraphs and list items up to the target, under one heading only", () => {
    const chunks = chunksOf(`# A\n\n${"Ten chars.\n\n".repeat(30)}# B\n\n${"- item\n".repeat(10)}`, { targetChars: 200, maxChars: 400 });
    expect(chunks.map((chunk) => chunk.headingPath[0])).toEqual(["A", "A", "B"]);
    expect(chunks[0]?.text.length).toBeGreaterThan(150);
    expect(chunks[2]?.text).toBe(`# B\n\n${"- item\n".repeat(10)}`.trim());
  });

  it("cuts long paragraphs at sentence ends, not at abbreviations", () => {
    const sentence = "Today Dr. Smith of the clinic e.g. saw patients on No. 7 street and wrote it all down. ";
    for (const chunk of chunksOf(sentence.repeat(60), { targetChars: 500, maxChars: 800 }, "text")) {
      expect(chunk.text.startsWith("Today")).toBe(true);
      expect(chunk.text.endsWith("down.")).toBe(true);
    }
  });

  it("cuts Chinese at its full stops", () => {
    for (const chunk of chunksOf("今天天气很好我们出去走走吧。".repeat(200), {}, "text")) expect(chunk.text.endsWith("。")).toBe(true);
  });

  it("cuts at words where there are no sentences, and anywhere but inside a character where there are no words", () => {
    const words = chunksOf("word ".repeat(2000), {}, "text");
    expect(words.every((chunk) => /^(?:word )*word$/.test(chunk.text))).toBe(true);
    const emoji = `x${"😀".repeat(5000)}`;
    const pieces = chunksOf(emoji, { targetChars: 100, maxChars: 100 }, "text");
    expect(pieces.every((chunk) => chunk.text.isWellFormed())).toBe(true);
    expect(pieces.map((chunk) => chunk.text).join("")).toBe(emoji);
  });

  it("cuts records between rows", () => {
    const rows = chunksOf("city: Oslo; country: Norway\n\n".repeat(300), {}, "csv");
    expect(rows.every((chunk) => chunk.text.startsWith("city") && chunk.text.endsWith("Norway"))).toBe(true);
  });

  it("joins a short end of a section to the chunk before it", () => {
    const chunks = chunksOf(`${"Some words here. ".repeat(55)}\n\n${"Other words here. ".repeat(5)}\n\n---`);
    expect(chunks).toHaveLength(1);
  });

  it("has no chunk for a text of white space, and refuses impossible options", () => {
    expect(chunksOf(" \n\t\n")).toEqual([]);
    expect(() => chunksOf("a", { targetChars: 10, maxChars: 5 })).toThrow(RangeError);
    expect(() => chunksOf("a", { maxChars: 1, targetChars: 1 })).toThrow(RangeError);
  });

  it("covers every text exactly, in order, within the limits", () => {
    const formats = fc.constantFrom("markdown", "text", "csv", "json", "html");
    const limits = fc.record({ maxChars: fc.integer({ min: 2, max: 500 }), share: fc.double({ min: 0.01, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(markdownText, formats, limits, (text, format, { maxChars, share }) => {
        const targetChars = Math.max(1, Math.floor(maxChars * share));
        const spans = chunkDocument({ text, format }, { maxChars, targetChars });
        expectSound(text, spans, maxChars);
        if (text.isWellFormed()) for (const { start, end } of spans) expect(text.slice(start, end).isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  const hard: readonly (readonly [string, (size: number) => string])[] = [
    ["headings, one below the other", (size) => Array.from({ length: size / 16 }, (_, i) => `${"#".repeat((i % 6) + 1)} heading`).join("\n")],
    ["headings of the same level", (size) => "# heading\n".repeat(size / 10)],
    ["headings nested deeper than Markdown knows", (size) => Array.from({ length: size / 1000 }, () => `${"#".repeat(990)} heading`).join("\n")],
    ["one line of words", (size) => "word ".repeat(size / 5)],
    ["one line without a space", (size) => "x".repeat(size)],
    ["one line of full stops", (size) => ".".repeat(size)],
    ["a heading as long as the text", (size) => `# ${"[".repeat(size)}`],
    ["unclosed fences", (size) => "```a\n".repeat(size / 5)],
    ["unclosed comments", (size) => "<!--\n\n".repeat(size / 6)],
    ["unclosed tags of each kind", (size) => "<pre>\n\n<style>\n\n<script>\n\n<!--\n\n".repeat(size / 32)],
    ["comments", (size) => "<!-- a -->\n".repeat(size / 11)],
    ["list marks on one line", (size) => `${"- ".repeat(size / 2)}a`],
    ["lines of list marks", (size) => `${"- ".repeat(50)}a\n`.repeat(size / 102)],
    ["lines of backticks", (size) => `${"`".repeat(100)} a\n`.repeat(size / 103)],
    ["half a table", (size) => `${"|".repeat(size / 2)}\n${"|-".repeat(size / 4)}`],
    ["empty lines", (size) => "\n".repeat(size)],
    ["white space", (size) => `a${" ".repeat(size)}a`],
    ["list items", (size) => "- a\n".repeat(size / 4)],
  ];
  it.each(hard)("takes linear time for %s", (_, make) => {
    expect(growthOverEightfold(200_000, make, (text) => expectEnds(text, chunkDocument({ text, format: "markdown" })))).toBeLessThan(LINEAR);
  });
});

function expectEnds(text: string, spans: readonly ChunkSpan[]): void {
  expect(spans.at(-1)?.end ?? 0).toBe(text.trimEnd().length);
}
