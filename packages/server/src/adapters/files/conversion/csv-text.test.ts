import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvToText } from "./csv-text.ts";
import { Unparsable } from "./unparsable.ts";

const limit = { maxChars: 1_000_000 };

describe("CSV as text", () => {
  it("repeats the column names in each record", () => {
    expect(csvToText("tea,minutes\nSencha,1\nAssam,4\n", limit)).toBe("tea: Sencha; minutes: 1\n\ntea: Assam; minutes: 4");
  });

  it.each([
    ["semicolon", "tea;price\nSencha;4,50\nAssam;3,20"],
    ["tab", "tea\tprice\nSencha\t4,50\nAssam\t3,20"],
    ["comma", 'tea,price\nSencha,"4,50"\nAssam,"3,20"'],
    ["stated", "sep=;\ntea;price\nSencha;4,50\nAssam;3,20"],
  ])("finds the delimiter: %s", (_, text) => {
    expect(csvToText(text, limit)).toBe("tea: Sencha; price: 4,50\n\ntea: Assam; price: 3,20");
  });

  it("numbers the columns of a table without a header", () => {
    expect(csvToText("1,Sencha\n2,Assam", limit)).toBe("column 1: 1; column 2: Sencha\n\ncolumn 1: 2; column 2: Assam");
  });

  it("names cells beyond the header and leaves out empty ones", () => {
    expect(csvToText("tea,\nSencha,hot,extra\n,,\nAssam", limit)).toBe("tea: Sencha; column 2: hot; column 3: extra\n\ntea: Assam");
  });

  it("gives long and many-lined values their own lines", () => {
    expect(csvToText('tea,note\nSencha,"first\nsecond"', limit)).toBe("tea: Sencha\nnote: first\nsecond");
    expect(csvToText(`tea,note\nSencha,${"x".repeat(600)}`, limit)).toBe(`tea: Sencha\nnote: ${"x".repeat(600)}`);
  });

  it("tells the columns of a table that has no records", () => {
    expect(csvToText("tea,minutes\n", limit)).toBe("columns: tea, minutes");
  });

  it.each([
    ['tea,note\nSencha,"never closed\nAssam,x', "a quotation mark was opened and never closed"],
    ['tea,note\nSencha,5" pot', "line 2: a quotation mark stands inside a value that is not quoted"],
    ['tea,note\nSencha,"a"b', "line 2: something other than a delimiter follows a closing quotation mark"],
  ])("refuses broken quoting: %j", (text, reason) => {
    expect(() => csvToText(text, limit)).toThrow(Unparsable);
    expect(() => csvToText(text, limit)).toThrow(reason);
  });

  it("takes stray quotation marks in tab-separated values as they are", () => {
    expect(csvToText('tea\tnote\nSencha\t5" pot\n', { ...limit, delimiter: "\t" })).toBe('tea: Sencha; note: 5" pot');
    expect(csvToText('tea\tnote\nSencha\t"a, ""b"""\n', { ...limit, delimiter: "\t" })).toBe('tea: Sencha; note: a, "b"');
  });

  it("takes names that would pollute a prototype as text", () => {
    expect(csvToText("__proto__,constructor\na,b", limit)).toBe("__proto__: a; constructor: b");
    expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
  });

  it("is refused when repeated names make it too long", () => {
    const text = `${"n".repeat(1_000)},b\n${"a,b\n".repeat(100)}`;
    expect(() => csvToText(text, { maxChars: 10_000 })).toThrow("longer than 10000 characters");
  });

  it("contains every value, whatever it holds", () => {
    const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.trim() !== "");
    const rows = fc
      .integer({ min: 2, max: 5 })
      .chain((width) => fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 10 }));
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(rows, fc.constantFrom(",", ";", "\t"), (records, delimiter) => {
        const header = (records[0] ?? []).map((_, at) => `name${at}`);
        const text = csvToText([header, ...records].map((row) => row.map(quote).join(delimiter)).join("\n"), limit);
        for (const record of records) record.forEach((cell, at) => void expect(text).toContain(`name${at}: ${cell.trim()}`));
      }),
    );
  });
});
