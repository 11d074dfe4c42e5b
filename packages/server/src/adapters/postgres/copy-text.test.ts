import fc from "fast-check";
import { expect, it } from "vitest";
import { arrayText, fieldsOf, linesOf } from "./copy-text.ts";

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

it("reads back what was written, whatever it holds and wherever its pieces are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(values, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), async (rows, size) => {
      const text = Buffer.from(rows.map((row) => `${row.map(written).join("\t")}\n`).join(""));
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.subarray(at * size, (at + 1) * size));
      const read: (string | null)[][] = [];
      for await (const line of linesOf(pieces)) read.push(fieldsOf(line));
      expect(read).toEqual(rows);
    }),
  );
});

it("refuses a last row without its end", async () => {
  const lines = linesOf([Buffer.from("1\ttwo\n3\tfo")]);
  expect(await lines.next()).toMatchObject({ value: "1\ttwo" });
  await expect(lines.next()).rejects.toThrow("cut off");
});

it("writes what is NULL apart from the word", () => {
  expect(arrayText([null, "NULL", 'a"b\\', ""])).toBe('{NULL,"NULL","a\\"b\\\\",""}');
});
