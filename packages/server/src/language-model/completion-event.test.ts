/** Events of a stream, from untrusted JSON. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCompletionEvent } from "./completion-event.ts";

describe("parseCompletionEvent", () => {
  it("gives back whatever text and reason were put in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.option(fc.string()), fc.dictionary(fc.string(), fc.jsonValue()), (content, reason, more) => {
        const { error: _, choices: __, usage: ___, x_groq: ____, ...unknown } = more;
        const data = JSON.stringify({ ...unknown, choices: [{ index: 0, delta: { content }, finish_reason: reason }] });
        expect(parseCompletionEvent(data)).toEqual({ kind: "text", text: content, finishReason: reason ?? undefined });
      }),
    );
  });

  it("never throws, and calls nothing text that has no choices", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (data) => {
        const event = parseCompletionEvent(data);
        if (event?.kind === "text") expect(JSON.parse(data)).toHaveProperty("choices");
      }),
    );
  });

  it.each([
    ['{"choices":[]}', { kind: "other" }],
    ['{"usage":{"total_tokens":12}}', { kind: "other", usedTokens: 12 }],
    ['{"choices":null,"usage":{}}', { kind: "other" }],
    ['{"choices":[],"usage":{"total_tokens":-1}}', { kind: "other" }],
    ['{"choices":[],"usage":{"total_tokens":1.5}}', { kind: "other" }],
    ['{"choices":[{"finish_reason":"stop"}],"x_groq":{"usage":{"total_tokens":5}}}', { kind: "text", text: "", finishReason: "stop", usedTokens: 5 }],
    ['{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"stop"}]}', { kind: "other" }],
    ['{"choices":[{"delta":{"content":"yes"}}]}', { kind: "text", text: "yes", finishReason: undefined }],
    ['{"choices":[{"index":0,"finish_reason":"stop"}],"error":null}', { kind: "text", text: "", finishReason: "stop" }],
    ['{"choices":[],"error":{"message":"no"}}', { kind: "error", detail: '{"message":"no"}' }],
    ["{}", undefined],
    ["null", undefined],
    ["[]", undefined],
    ['{"choices":[{"delta":{"content":7}}]}', undefined],
  ])("takes %s for %j", (data, event) => {
    expect(parseCompletionEvent(data)).toEqual(event);
  });
});
