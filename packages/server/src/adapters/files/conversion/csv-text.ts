/** Turns comma-, semicolon- or tab-separated values into records in lines. */
import { CsvError, parse } from "csv-parse/sync";
import { createRecordsText, type Field } from "./records.ts";
import { Unparsable } from "./unparsable.ts";

const DELIMITERS = [",", ";", "\t"] as const;
/** Lines, and characters, that are looked at to find the delimiter. */
const SNIFF_LINES = 20;
const SNIFF_CHARS = 65_536;

/**
 * Each record becomes `column: value; …`. The first record names the columns unless one of its cells is a number; columns
 * without a name are numbered. Spreadsheets' own first line `sep=;` is obeyed.
 *
 * @param delimiter found by looking when not given.
 * @param maxChars of the result.
 * @throws Unparsable naming the line whose quoting is broken.
 * @example
 * csvToText("tea,minutes\nSencha,1", { maxChars: 1000 }); // "tea: Sencha; minutes: 1"
 */
export function csvToText(text: string, { delimiter, maxChars }: { readonly delimiter?: "\t"; readonly maxChars: number }): string {
  const stated = /^sep=([,;\t])\n/.exec(text);
  const body = stated === null ? text : text.slice(stated[0].length);
  try {
    return convert(body, { delimiter: delimiter ?? stated?.[1] ?? sniffDelimiter(body), quote: '"', maxChars });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Many programs write tab-separated values without any quoting, so there a stray quotation mark is just one.
    if (delimiter === "\t") return convert(body, { delimiter, quote: false, maxChars });
    const line = typeof error["lines"] === "number" ? `line ${error["lines"]}: ` : "";
    throw new Unparsable(line + describe(error), { cause: error });
  }
}

interface Dialect {
  readonly delimiter: string;
  readonly quote: '"' | false;
  readonly maxChars: number;
}

function convert(text: string, { delimiter, quote, maxChars }: Dialect): string {
  const records = createRecordsText(maxChars);
  let columns: readonly string[] | undefined;
  let rows = 0;
  // Records are handled one by one and dropped, so that a large table does not stand in memory as cells.
  parse(text, {
    delimiter,
    quote,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (cells: readonly string[]) => {
      rows += 1;
      if (columns === undefined) {
        columns = isHeader(cells) ? nameColumns(cells) : [];
        if (columns.length > 0) return null;
      }
      const named = columns;
      records.add(
        cells.map((value, at): Field => ({ name: named[at] ?? `column ${at + 1}`, value })),
        "line",
      );
      return null;
    },
  });
  // A table of nothing but its header still says what it is.
  if (rows === 1 && columns !== undefined && columns.length > 0) {
    records.add([{ name: "columns", value: columns.join(", ") }], "line");
  }
  return records.toText();
}

/** Names are not numbers, and there is at least one. */
function isHeader(cells: readonly string[]): boolean {
  return cells.some((cell) => cell.trim() !== "") && !cells.some((cell) => cell.trim() !== "" && Number.isFinite(Number(cell)));
}

function nameColumns(cells: readonly string[]): string[] {
  return cells.map((cell, at) => cell.replace(/\s+/g, " ").trim() || `column ${at + 1}`);
}

/** The delimiter whose number is the same, and not nought, on most of the first lines; then the most frequent one; then the comma. */
function sniffDelimiter(text: string): string {
  const lines = text
    .slice(0, SNIFF_CHARS)
    .replace(/"[^"]*"/g, "")
    .split("\n", SNIFF_LINES)
    .filter((line) => line !== "");
  let best = { delimiter: ",", agreeing: 0, total: 0 };
  for (const delimiter of DELIMITERS) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const agreeing = counts.filter((count) => count > 0 && count === counts[0]).length;
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (agreeing > best.agreeing || (agreeing === best.agreeing && total > best.total)) best = { delimiter, agreeing, total };
  }
  return best.delimiter;
}

function describe({ code }: CsvError): string {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quotation mark was opened and never closed";
    case "INVALID_OPENING_QUOTE":
      return "a quotation mark stands inside a value that is not quoted";
    case "CSV_INVALID_CLOSING_QUOTE":
      return "something other than a delimiter follows a closing quotation mark";
    default:
      return `it is not well-formed CSV (${code})`;
  }
}
