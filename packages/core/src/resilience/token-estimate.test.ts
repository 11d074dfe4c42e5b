import { describe, expect, it } from "vitest";
import { estimateTokens } from "./token-estimate.ts";

const user = (content: string) => ({ role: "user" as const, content });

describe("estimateTokens", () => {
  it("reckons with the whole answer and something for each message", () => {
    expect(estimateTokens([user("a".repeat(35))], 100)).toBe(10 + 8 + 100);
    expect(estimateTokens([user(""), user("")], 100)).toBe(116);
  });

  it.each(["abc", "äöü", "данные", "東京タワー", "🗼 tower", "\ud800 alone"])("counts %j by its bytes in UTF-8", (text) => {
    // A lone half is counted as two bytes and written as three.
    const bytes = new TextEncoder().encode(text).length - (text.isWellFormed() ? 0 : 1);
    expect(estimateTokens([user(text)], 0)).toBe(Math.ceil(bytes / 3.5) + 8);
  });
});
