import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNoAnswerFilter } from "./no-answer.ts";

async function* stream(pieces: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* pieces;
}

async function filtered(pieces: readonly string[]): Promise<{ readonly text: string; readonly said: boolean }> {
  const filter = createNoAnswerFilter();
  let text = "";
  for await (const piece of filter.pieces(stream(pieces))) text += piece;
  return { text, said: filter.wasSaid() };
}

describe("createNoAnswerFilter", () => {
  it.each(["NO_ANSWER", "**NO_ANSWER**", '"NO_ANSWER"', "No_answer", " NO_ANSWER.\n", "`no_answer`"])("leaves nothing of %j", async (text) => {
    expect(await filtered([text])).toEqual({ text: "", said: true });
  });

  it("takes the word out of a sentence that says the same", async () => {
    expect(await filtered(["I cannot find it. ", "NO_", "ANSWER"])).toEqual({ text: "I cannot find it", said: true });
  });

  it("counts letters right that are longer in capitals", async () => {
    expect(await filtered(["Die Straße heißt anders. NO_ANSWER"])).toEqual({ text: "Die Straße heißt anders", said: true });
  });

  it("lets through what only begins like it", async () => {
    expect(await filtered(["NO", " ANSWER is given. No", "body knows. NO_", "ONE."])).toEqual({
      text: "NO ANSWER is given. Nobody knows. NO_ONE.",
      said: false,
    });
  });

  it("changes no text without the word, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom("NO", "_", "ANSWE", "*", " ", '"', ".", "n"), fc.string({ maxLength: 4 })), { maxLength: 20 }),
        async (pieces) => {
          const whole = pieces.join("");
          fc.pre(!whole.toUpperCase().includes("NO_ANSWER"));
          expect((await filtered(pieces)).text).toBe(whole);
        },
      ),
    );
  });

  it("finds the word however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 30 }), { maxLength: 6 }), async (cuts) => {
        const text = 'Sorry: **"NO_ANSWER"** there.';
        const sorted = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((left, right) => left - right), text.length];
        const result = await filtered(sorted.slice(1).map((end, index) => text.slice(sorted[index], end)));
        expect(result.said).toBe(true);
        expect(result.text).not.toMatch(/NO_ANSWER/i);
      }),
    );
  });
});
