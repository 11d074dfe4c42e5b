import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { type EvaluationQuestion, parseQuestions } from "./question-file.ts";

const words = fc.string({ minLength: 1 }).map((text) => `x${text}x`);
const anyQuestion: fc.Arbitrary<EvaluationQuestion> = fc.oneof(
  fc.record({ question: words, documents: fc.array(words), answerable: fc.constant(true) }),
  fc.record({ question: words, documents: fc.array(words), quote: words, answerable: fc.constant(true) }),
  fc.record({ question: words, documents: fc.constant<string[]>([]), answerable: fc.constant(false) }),
);

describe("a file of questions", () => {
  it("is read as it was written, between blank lines and remarks", () => {
    fc.assert(
      fc.property(fc.array(anyQuestion, { minLength: 1 }), (questions) => {
        const text = questions.map((question) => `# remark\n\n${JSON.stringify(question)}\r\n`).join("");
        expect(parseQuestions(text)).toEqual(questions);
      }),
    );
  });

  it("needs no more than questions", () => {
    expect(parseQuestions('{"question": " Who? "}')).toEqual([{ question: "Who?", documents: [], answerable: true }]);
  });

  it.each([
    ['{"question": "a"}\nnonsense', /^Line 2 is no question/],
    ['{"question": ""}', /^Line 1 is no question: question: /],
    ['{"question": "a", "document": ["x"]}', /document/],
    ['{"question": "a", "documents": ["x"], "answerable": false}', /neither documents nor a quote/],
    ["# nothing\n", /There is no question in the file/],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseQuestions(text)).toThrow(expect.objectContaining({ exitCode: EXIT.usage, message: expect.stringMatching(message) }));
  });
});
