import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFootnoteWriter } from "./footnotes.ts";

const citation = (number: number, more: Partial<Parameters<ReturnType<typeof createFootnoteWriter>["end"]>[0][number]> = {}) => ({
  number,
  documentId: "doc_1",
  chunkId: "doc_1.0",
  contentHash: "",
  path: "people/ada.md",
  title: "Ada Lund",
  headingPath: ["Ada Lund", "Work"],
  start: 0,
  end: 1,
  quote: "She built the tower.",
  score: 1,
  ...more,
});

function write(pieces: readonly string[], citations: readonly ReturnType<typeof citation>[], sources = 3): string {
  const writer = createFootnoteWriter(sources);
  return pieces.map((piece) => writer.push(piece)).join("") + writer.end(citations);
}

describe("footnotes", () => {
  it("stand for the markers of the text, one for each number", () => {
    const text = write(["She built it [1], and it stands [2][1]."], [citation(2, { path: "b.md", title: "B", headingPath: [] }), citation(1)]);
    expect(text).toBe(
      [
        "She built it [^1], and it stands [^2][^1].",
        "",
        "[^1]: Ada Lund › Work (people/ada.md): “She built the tower.”",
        "[^2]: B (b.md): “She built the tower.”",
      ].join("\n"),
    );
  });

  it("join several quotes of one source, and shorten long ones", () => {
    const text = write(["A [1]"], [citation(1), citation(1, { quote: "x".repeat(500) }), citation(1)]);
    expect(text.split("\n").at(-1)).toBe(`[^1]: Ada Lund › Work (people/ada.md): “She built the tower.” … “${"x".repeat(240)}…”`);
  });

  it("are none where nothing is cited, and other numbers in brackets stay", () => {
    expect(write(["See [0], [9] and [a]."], [])).toBe("See [0], [9] and [a].");
  });

  it("come out the same however the answer is cut into pieces", () => {
    const whole = "One [1] and [12] [2][3], argv [ 1 ], [[1]] and an open [1";
    const expected = write([whole], [citation(1)]);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((left, right) => left - right), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
        expect(write(pieces, [citation(1)])).toBe(expected);
      }),
    );
  });

  it("load and follow nothing, whatever the documents hold, and stay on their line", () => {
    const hostile = fc
      .array(
        fc.constantFrom("![a](http://evil.example/x)", "<img src=x>", "https://evil.example", "www.evil.example", "[b]: ", "`", "\n\n# ", "|", "a"),
        {
          maxLength: 8,
        },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(hostile, hostile, (quote, title) => {
        const text = write(["A [1]"], [citation(1, { quote, title, headingPath: [title], path: `${title}.md` })]);
        const note = text.split("\n\n")[1] ?? "";
        expect(note).not.toContain("\n");
        expect(note.slice("[^1]:".length)).not.toMatch(/(?<!\\)[[\]<>`|#!]|(?<!\\):\/\/|www\.(?=e)/);
      }),
    );
  });
});
