/**
 * The record as SQL that `psql` restores into an empty database, and that this program reads strictly without running any of it:
 *
 * ```
 * …                                               what makes the tables; for psql alone
 * -- rag-personal: rows
 * copy "feedback" ("id", "principal") from stdin;
 * …                                               rows in COPY's text format, one line each
 * \.
 * -- rag-personal: end of rows
 * …                                               numbers of sequences, commit; for psql alone
 * ```
 */
import { IDENTIFIER } from "./manifest.ts";

export const ROWS_BEGIN = "-- rag-personal: rows";
export const ROWS_END = "-- rag-personal: end of rows";
/** Ends the rows of a table. No row looks like it: COPY writes a backslash of a value as two. */
export const TABLE_END = "\\.";

/** A table as it stands in the record. */
export interface RecordTable {
  readonly name: string;
  readonly columns: readonly string[];
}

const COPY_LINE = /^copy "([^"]*)" \(("[^"]*"(?:, "[^"]*")*)\) from stdin;$/;

/** The line that begins the rows of a table. */
export const copyLine = ({ name, columns }: RecordTable): string =>
  `copy "${name}" (${columns.map((column) => `"${column}"`).join(", ")}) from stdin;`;

/** Undefined for any other line. */
export function parseCopyLine(line: string): RecordTable | undefined {
  const [, name, list] = COPY_LINE.exec(line) ?? [];
  if (name === undefined || list === undefined) return undefined;
  const columns = list.split(", ").map((quoted) => quoted.slice(1, -1));
  return [name, ...columns].every((identifier) => IDENTIFIER.test(identifier)) ? { name, columns } : undefined;
}
