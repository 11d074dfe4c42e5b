import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toStorableJson, toStorableText } from "./storable-text.ts";

/** Any UTF-16 units: NUL and halves of pairs are frequent. */
const anyUnits = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0xd83e, 0xdd89, 0x41)))
  .map((units) => String.fromCharCode(...units));

describe("storable text", () => {
  it("is the text itself when that can be stored", () => {
    fc.assert(
      fc.property(anyUnits, (text) => {
        fc.pre(text.isWellFormed() && !text.includes("\0"));
        expect(toStorableText(text)).toBe(text);
      }),
    );
  });

  it("has neither NUL nor half a pair, and every offset stays", () => {
    fc.assert(
      fc.property(anyUnits, (text) => {
        const storable = toStorableText(text);
        expect(storable.isWellFormed() && !storable.includes("\0")).toBe(true);
        expect(storable).toHaveLength(text.length);
        for (let at = 0; at < text.length; at += 1) expect([text[at], "\uFFFD"]).toContain(storable[at]);
      }),
    );
  });

  it("reaches every string inside JSON, keys included", () => {
    expect(toStorableJson({ "k\0": ["a\0", { b: "\ud83e" }], n: 1, none: null, absent: undefined })).toBe(
      '{"k\uFFFD":["a\uFFFD",{"b":"\uFFFD"}],"n":1,"none":null}',
    );
  });

  it("leaves JSON that can be stored as it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        fc.pre(!/\\u(0000|d[89a-f])/i.test(json));
        expect(toStorableJson(value)).toBe(json);
      }),
    );
  });
});
