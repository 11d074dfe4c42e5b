import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messages, textsOf, toConversation } from "./messages.ts";

const parse = (value: unknown) => messages.parse(value);
const firstIssue = (value: unknown) => messages.safeParse(value).error?.issues[0]?.path.join(".");

describe("messages", () => {
  it("are the question, and what was said before it", () => {
    const given = parse([
      { role: "system", content: "You are a pirate." },
      { role: "assistant", content: "Ask me anything." },
      { role: "user", content: "Who designed it?" },
      { role: "assistant", content: [{ type: "text", text: "Ada Lund. [1]" }] },
      { role: "developer", content: "Be brief." },
      {
        role: "user",
        name: "ada",
        content: [
          { type: "text", text: "And when" },
          { type: "text", text: "was it built?" },
        ],
      },
    ]);
    expect(toConversation(given)).toEqual({
      question: "And when\nwas it built?",
      history: [{ question: "Who designed it?", answer: "Ada Lund. [1]" }],
    });
  });

  it("take a message as it came out of a completion", () => {
    const echoed = { role: "assistant", content: "Ada. [1]", refusal: null, annotations: [], tool_calls: [], audio: null, function_call: null };
    expect(toConversation(parse([{ role: "user", content: "Who?" }, echoed, { role: "user", content: "When?" }])).history).toEqual([
      { question: "Who?", answer: "Ada. [1]" },
    ]);
  });

  it.each([
    ["none", [], ""],
    ["no question", [{ role: "system", content: "Be brief." }], ""],
    [
      "an answer at the end",
      [
        { role: "user", content: "Who?" },
        { role: "assistant", content: "A" },
      ],
      "",
    ],
    [
      "a tool's result",
      [
        { role: "tool", content: "{}", tool_call_id: "1" },
        { role: "user", content: "Who?" },
      ],
      "0.role",
    ],
    [
      "a tool call",
      [
        { role: "assistant", tool_calls: [{ id: "1" }] },
        { role: "user", content: "Who?" },
      ],
      "0.tool_calls",
    ],
    ["an image", [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }], "0.content"],
    [
      "a sound",
      [
        {
          role: "user",
          content: [
            { type: "text", text: "Who?" },
            { type: "input_audio", input_audio: {} },
          ],
        },
      ],
      "0.content",
    ],
    ["no content", [{ role: "user" }], "0.content"],
  ])("are refused: %s", (_, given, path) => {
    expect(messages.safeParse(given).success).toBe(false);
    expect(firstIssue(given)).toBe(path);
  });

  it("lose no word of the user or of the answers, and keep their order", () => {
    const role = fc.constantFrom("user", "assistant", "system", "developer");
    const text = fc.string({ minLength: 1, maxLength: 10 }).map((given) => `<${given}>`);
    const content = fc.oneof(
      text,
      fc.array(text, { minLength: 1, maxLength: 3 }).map((parts) => parts.map((part) => ({ type: "text", text: part }))),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ role, content }), { maxLength: 12 }), content, (before, last) => {
        const given = parse([...before, { role: "user", content: last }]);
        const { question, history } = toConversation(given);
        const told = [...history.flatMap((exchange) => [exchange.question, exchange.answer]), question].filter((part) => part !== "").join("\n");
        const firstQuestion = given.findIndex((one) => one.role === "user");
        const expected = textsOf(given)
          .slice(firstQuestion)
          .filter((one) => one.role !== "system")
          .map((one) => one.content)
          .join("\n");
        expect(told).toBe(expected);
        // Every exchange but the last has its answer: two questions in a row are one.
        for (const exchange of history) expect(exchange.answer).not.toBe("");
      }),
    );
  });
});
