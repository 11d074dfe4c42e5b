import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyLine, parseCopyLine, type RecordTable, ROWS_BEGIN, ROWS_END, TABLE_END } from "./record-format.ts";
import { readRecord } from "./record-reader.ts";

const table: fc.Arbitrary<RecordTable> = fc.record({
  name: fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/),
  columns: fc.array(fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/), { minLength: 1, maxLength: 4 }),
});
/** As COPY writes it: no tab, no line end, no lone backslash. */
const value = fc.oneof(fc.constantFrom("", "\\N", "\\\\.", "\\\\", "☃", "\\t\\n"), fc.stringMatching(/^[a-z .]{0,12}$/));
const content = fc.array(
  table.chain((made) =>
    fc.record({ table: fc.constant(made), rows: fc.array(fc.array(value, { minLength: made.columns.length, maxLength: made.columns.length })) }),
  ),
  { maxLength: 4 },
);
type Content = typeof content extends fc.Arbitrary<infer T> ? T : never;

const textOf = (row: readonly string[]): string => `${row.join("\t")}\n`;
const around = fc.array(fc.stringMatching(/^[a-z ;\\.]{0,20}$/), { maxLength: 3 }).map((lines) => lines.map((line) => `${line}\n`).join(""));

const write = (made: Content, before = "", behind = ""): Buffer =>
  Buffer.from(
    [
      before,
      `${ROWS_BEGIN}\n`,
      ...made.flatMap(({ table: one, rows }) => [`${copyLine(one)}\n`, ...rows.map(textOf), `${TABLE_END}\n`]),
      `${ROWS_END}\n`,
      behind,
    ].join(""),
  );

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<{ table: RecordTable; text: string; rows: number }[]> {
  const found: { table: RecordTable; text: string; rows: number }[] = [];
  let isEnded = false;
  for await (const part of readRecord(chunks)) {
    const last = found.at(-1);
    if (part.type === "table") found.push({ table: part.table, text: "", rows: 0 });
    else if (part.type === "end") isEnded = true;
    else if (last !== undefined) {
      last.text += Buffer.from(part.bytes).toString("latin1");
      last.rows += part.rows;
    }
  }
  expect(isEnded).toBe(true);
  return found;
}

const whole = (bytes: Buffer) => read(inPieces(bytes, [bytes.length || 1]));

describe("a record", () => {
  it("is read as it was written, wherever its pieces are cut", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(content, around, around, sizes, async (made, before, behind, cuts) => {
        const expected = made.map(({ table: one, rows }) => ({
          table: one,
          text: Buffer.from(rows.map(textOf).join("")).toString("latin1"),
          rows: rows.length,
        }));
        expect(await read(inPieces(write(made, before, behind), cuts))).toEqual(expected);
      }),
    );
  });

  it("names its tables so that they can be read again", () => {
    fc.assert(fc.property(table, (made) => void expect(parseCopyLine(copyLine(made))).toEqual(made)));
  });

  it("is refused wherever it is cut before the end of its rows", async () => {
    const bytes = write([
      {
        table: { name: "a", columns: ["b", "c"] },
        rows: [
          ["1", "2"],
          ["\\N", "\\\\."],
        ],
      },
    ]);
    for (let size = 0; size < bytes.length; size += 1) {
      await expect(read(inPieces(bytes.subarray(0, size), [7]))).rejects.toMatchObject({ name: "UnreadableRecord" });
    }
  });

  it.each([
    ["a row with a value too many", "1\t2\t3"],
    ["a row with a value too few", "1"],
  ])("is refused with %s", async (_, row) => {
    const text = write([{ table: { name: "a", columns: ["b", "c"] }, rows: [["1", "2"]] }])
      .toString()
      .replace("1\t2", row);
    await expect(whole(Buffer.from(text))).rejects.toThrow(/row of a with \d values instead of 2/);
  });

  it.each(["drop table documents;", 'copy "a" ("b") from program \'sh\';', 'copy "a"."x" ("b") from stdin;', 'copy "a\u0000" ("b") from stdin;', ""])(
    "is refused with %j among its rows",
    async (line) => {
      const text = `${ROWS_BEGIN}\n${line}\n${ROWS_END}\n`;
      await expect(whole(Buffer.from(text))).rejects.toThrow("something else than rows");
    },
  );

  it("is refused with a line of SQL that never ends", async () => {
    await expect(whole(Buffer.alloc(3 << 20, "x"))).rejects.toThrow("too long");
  });
});
