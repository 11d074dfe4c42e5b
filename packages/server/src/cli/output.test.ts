import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excerpt, inOneLine } from "./answer-printing.ts";
import { createOutput, type OutputOptions, printable } from "./output.ts";
import { describeDuration } from "./status.ts";
import { formatTable } from "./table.ts";

function createScene(options: Partial<OutputOptions> & { readonly isTerminal?: boolean } = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const sink = (into: string[]) => ({ write: (text: string) => into.push(text), isTTY: options.isTerminal });
  const output = createOutput({ json: false, quiet: false, stdout: sink(out), stderr: sink(err), ...options });
  return { output, out: () => out.join(""), err: () => err.join("") };
}

describe("the output", () => {
  it("has data on the one stream and everything else on the other", () => {
    const { output, out, err } = createScene();
    output.data({ a: 1 }, () => "one");
    output.notice("told");
    expect([out(), err()]).toEqual(["one\n", "told\n"]);
  });

  it("is one line of JSON for each result where that was asked for", () => {
    const { output, out } = createScene({ json: true });
    output.data({ a: "x\ny" }, () => "one");
    expect(out()).toBe('{"a":"x\\ny"}\n');
  });

  it("tells progress at a terminal alone, in one line that the next output wipes", () => {
    const pipe = createScene();
    pipe.output.progress("half");
    expect(pipe.err()).toBe("");
    const terminal = createScene({ isTerminal: true });
    terminal.output.progress("half");
    terminal.output.notice("told");
    expect(terminal.err()).toBe("half\r\u001b[Ktold\n");
  });

  it("is the result alone when it is to be quiet", () => {
    const { output, out, err } = createScene({ quiet: true, isTerminal: true });
    output.progress("half");
    output.notice("told");
    output.data(1, () => "one");
    expect([out(), err()]).toEqual(["one\n", ""]);
  });

  it("is coloured only where it may be", () => {
    expect(createScene().output.strong("x")).toBe("x");
    expect(createScene({ hasColours: true }).output.strong("x")).toBe("\u001b[1mx\u001b[22m");
  });
});

describe("a text for a terminal", () => {
  it("has nothing that steers one, whatever a document holds", () => {
    expect(printable("a\u001b]0;title\u0007b\u009b2Jc\r\n\td")).toBe("a]0;titleb2Jc\n\td");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printable(text);
        expect([...shown].every((character) => character === "\n" || character === "\t" || !/\p{Cc}/u.test(character))).toBe(true);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });

  it("is cut at a word, in one line", () => {
    expect(inOneLine(" a\n\n  b ")).toBe("a b");
    expect(excerpt("short")).toBe("short");
    const cut = excerpt("word ".repeat(100));
    expect(cut.length).toBeLessThanOrEqual(162);
    expect(cut).toMatch(/word …$/);
  });
});

describe("a table", () => {
  it("has its columns one below the other, and no blanks at the ends of lines", () => {
    expect(
      formatTable([
        ["a", "bb", ""],
        ["ccc", "d", "e"],
      ]),
    ).toBe("a    bb\nccc  d   e");
    expect(formatTable([])).toBe("");
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [7_510, "2 h 5 min"],
    [86_400, "1 d"],
    [90_061, "1 d 1 h"],
  ])("of %f seconds is %s", (seconds, words) => {
    expect(describeDuration(seconds)).toBe(words);
  });
});
