import fc from "fast-check";
import { expect, it } from "vitest";
import { arrayText, createLineSplitter, fieldsOf } from "./copy-text.ts";

/** As PostgreSQL writes a field. */
function written(value: string | null): string {
  if (value === null) return "\\N";
  const escapes: Record<string, string> = { "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\" };
  return [...value].map((letter) => escapes[letter] ?? letter).join("");
}

const values = fc.array(
  fc.option(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom("\t", "\n", "\\", "N", '"', "{", "x") }))),
  { minLength: 1, maxLength: 6 },
);

it("reads back what was written, whatever it holds and wherever its pieces are cut", () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (rows, size) => {
      const text = Buffer.from(rows.map((row) => `${row.map(written).join("\t")}\n`).join(""));
      const splitter = createLineSplitter();
      const lines = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => splitter.add(text.subarray(at * size, (at + 1) * size))).flat();
      splitter.end();
      expect(lines.map(fieldsOf)).toEqual(rows);
    }),
  );
});

it("refuses a last row without its end", () => {
  const splitter = createLineSplitter();
  expect(splitter.add(Buffer.from("1\ttwo\n3\tfo"))).toEqual(["1\ttwo"]);
  expect(() => splitter.end()).toThrow("cut off");
});

it("writes what is NULL apart from the word", () => {
  expect(arrayText([null, "NULL", 'a"b\\', ""])).toBe('{NULL,"NULL","a\\"b\\\\",""}');
});
