import { estimateTextTokens } from "@rag-personal/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnswerText } from "./answer-text.ts";

const END = { citations: [] };

describe("the text of a completion", () => {
  it("is the answer as it is, without a limit", () => {
    const text = createAnswerText({ footnotes: false, sources: 3 });
    expect([text.push("She [1]"), text.push(" built it."), text.end(END)]).toEqual(["She [1]", " built it.", ""]);
    expect([text.text, text.isCut]).toEqual(["She [1] built it.", false]);
  });

  it("is cut at the tokens that were asked for, never within a character, and sends nothing after", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 40 }),
        (pieces, maxTokens) => {
          const text = createAnswerText({ footnotes: false, sources: 0, maxTokens });
          const sent = pieces.map((piece) => text.push(piece)).join("") + text.end(END);
          const whole = pieces.join("");
          expect(sent).toBe(text.text);
          expect(whole.startsWith(sent)).toBe(true);
          expect(sent.isWellFormed()).toBe(whole.isWellFormed());
          expect(estimateTextTokens(sent)).toBeLessThanOrEqual(maxTokens);
          expect(text.isCut).toBe(sent !== whole);
          expect(text.isCut).toBe(estimateTextTokens(whole) > maxTokens);
        },
      ),
    );
  });
});
