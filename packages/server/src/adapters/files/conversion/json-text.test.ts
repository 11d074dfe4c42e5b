import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanJson } from "./json-scanner.ts";
import { jsonLinesToText, jsonToText } from "./json-text.ts";
import { Unparsable } from "./unparsable.ts";

const limit = { maxChars: 1_000_000 };

function isAccepted(text: string): boolean {
  try {
    scanJson(text, { open() {}, close() {}, key() {}, scalar() {} });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Unparsable);
    return false;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("JSON as text", () => {
  it("names each value by its path", () => {
    const value = { name: "shop", open: true, none: null, empty: "", address: { city: "Bern", lines: ["a", "b"] }, after: 1.5 };
    expect(jsonToText(JSON.stringify(value), limit)).toBe("name: shop\nopen: true\n\naddress.city: Bern\naddress.lines: a, b\n\nafter: 1.5");
  });

  it("makes each object of an array a record", () => {
    const teas = [
      { name: "Sencha", minutes: 1, from: [{ country: "Japan" }] },
      { name: "Assam", minutes: 4 },
    ];
    expect(jsonToText(JSON.stringify(teas), limit)).toBe("name: Sencha; minutes: 1; from[0].country: Japan\n\nname: Assam; minutes: 4");
    expect(jsonToText(JSON.stringify({ teas }), limit)).toContain("teas[1].name: Assam; teas[1].minutes: 4");
  });

  it("gives the items of a long or mixed list their own lines", () => {
    const long = Array.from({ length: 40 }, (_, at) => at);
    expect(jsonToText(JSON.stringify({ long }), limit).split("\n")).toHaveLength(40);
    expect(jsonToText('{"mixed": ["a", [1, 2], "b"]}', limit)).toBe("mixed[0]: a\nmixed[1]: 1, 2\nmixed[2]: b");
  });

  it("keeps the digits of numbers, repeated names, and names that would pollute a prototype", () => {
    expect(jsonToText('{"n": 12345678901234567890, "n": 1.10, "__proto__": {"polluted": "yes"}}', limit)).toBe(
      "n: 12345678901234567890\nn: 1.10\n\n__proto__.polluted: yes",
    );
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("takes a single value", () => {
    expect(jsonToText('"just a \\u0041 string"', limit)).toBe("just a A string");
    expect(jsonToText("{}", limit)).toBe("");
  });

  it.each([
    ['{"a": 1,}', "a name in quotation marks is missing (line 1, column 9)"],
    ['{\n  "a": 1\n  "b": 2\n}', '"," or "}" is missing (line 3, column 3)'],
    ["[1, 2", '"," or "]" is missing (line 1, column 6)'],
    ['{"a" 1}', '":" is missing (line 1, column 6)'],
    ["[01]", "a value is missing or wrong (line 1, column 2)"],
    ['["a', "a string is not closed (line 1, column 2)"],
    ['["\\x"]', "a string holds a wrong escape"],
    ["[1] 2", "nothing may follow the value (line 1, column 5)"],
    ["[", "it ends too early (line 1, column 2)"],
  ])("is refused with the place of the error: %j", (text, reason) => {
    expect(() => jsonToText(text, limit)).toThrow(reason);
  });

  it("is refused when it is nested 100,000 levels deep", () => {
    expect(() => jsonToText("[".repeat(100_000) + "]".repeat(100_000), limit)).toThrow("nested more than 256 levels deep");
    expect(() => jsonToText('{"a":'.repeat(100_000), limit)).toThrow("nested more than 256 levels deep");
  });

  it("is refused when its paths make it too long", () => {
    const text = JSON.stringify({ ["k".repeat(5_000)]: Array.from({ length: 100 }, (_, at) => [at]) });
    expect(() => jsonToText(text, { maxChars: 100_000 })).toThrow("longer than 100000 characters");
  });

  it("accepts exactly what JSON.parse accepts", () => {
    const json = fc.json({ maxDepth: 5 });
    const damaged = fc
      .tuple(json, fc.nat(), fc.constantFrom("", ",", '"', "]", "}", "\\", "0", "-", ".", "e", " ", "\n", "\u0001", "x"))
      .map(([text, place, unit]) => {
        const at = place % (text.length + 1);
        return text.slice(0, at) + unit + text.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(json, damaged, fc.string()), (text) => {
        expect(isAccepted(text)).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("contains every string", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()))), (value) => {
        const text = jsonToText(JSON.stringify(value), limit);
        for (const found of Object.values(value).flat()) expect(text).toContain(found.trim());
      }),
    );
  });
});

describe("JSON Lines as text", () => {
  it("makes each line a record", () => {
    expect(jsonLinesToText('{"tea": "Sencha", "tags": ["a"]}\n\n{"tea": "Assam"}\n', limit)).toBe("tea: Sencha; tags: a\n\ntea: Assam");
  });

  it("names the line that is wrong", () => {
    expect(() => jsonLinesToText('{"a": 1}\n\n{"a": }\n', limit)).toThrow("a value is missing or wrong (line 3, column 7)");
  });
});
