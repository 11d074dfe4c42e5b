/** Text that was cut anywhere comes out cut between characters. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholeCharacters } from "./whole-characters.ts";

async function* from(pieces: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* pieces;
}

describe("wholeCharacters", () => {
  it("keeps the text, in pieces that are valid Unicode each, wherever it was cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.array(fc.nat({ max: 30 }), { maxLength: 8 }), async (text, places) => {
        const cuts = [0, ...places.filter((place) => place < text.length).sort((a, b) => a - b), text.length];
        const pieces = await Array.fromAsync(wholeCharacters(from(cuts.slice(1).map((end, index) => text.slice(cuts[index], end)))));
        expect(pieces.join("")).toBe(text);
        expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
      }),
    );
  });

  it("gives whatever needs no waiting at once", async () => {
    expect(await Array.fromAsync(wholeCharacters(from(["a", "b\ud83e", "\udd89c"])))).toEqual(["a", "b", "🦉c"]);
  });

  it("replaces halves that stay alone", async () => {
    expect(await Array.fromAsync(wholeCharacters(from(["a\udd89", "\ud83e", "b", "\ud83e"])))).toEqual(["a\ufffd", "", "\ufffdb", "", "\ufffd"]);
  });
});
