/** Writes the record as SQL, and counts what it writes. */
import { createHash, type Hash } from "node:crypto";
import type { RecordSnapshot, SnapshotTable } from "../record-source.ts";
import type { Manifest } from "./manifest.ts";
import { copyLine, ROWS_BEGIN, ROWS_END, TABLE_END } from "./record-format.ts";

export interface RecordWriter {
  /** The SQL, to be taken to its end once. */
  readonly sql: AsyncIterable<Buffer>;
  /** What was written, once it was. */
  written(): Pick<Manifest, "tables" | "sequences">;
}

const NEW_LINE = 0x0a;

/**
 * @param snapshotAt ISO 8601, for whoever reads the file.
 * @param onPiece told of each piece of a table's rows.
 */
export function createRecordWriter(
  snapshot: RecordSnapshot,
  snapshotAt: string,
  onPiece: (table: string, bytes: number) => void = () => {},
): RecordWriter {
  const tables: Manifest["tables"] = [];
  let sequences: Manifest["sequences"] = [];

  async function* writeTable(table: SnapshotTable): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    let rows = 0;
    yield line(copyLine(table));
    for await (const piece of snapshot.readRows(table)) {
      hash.update(piece);
      rows += countLines(piece);
      onPiece(table.name, piece.length);
      yield piece;
    }
    yield line(TABLE_END);
    tables.push(tallied(table, rows, hash));
  }

  async function* write(): AsyncGenerator<Buffer> {
    yield line(preamble(snapshot, snapshotAt));
    yield line(ROWS_BEGIN);
    for (const table of snapshot.tables) yield* writeTable(table);
    yield line(ROWS_END);
    sequences = await snapshot.readSequences();
    for (const { table, column, nextValue } of sequences)
      yield line(`select setval(pg_get_serial_sequence('"${table}"', '${column}'), ${nextValue}, false);`);
    yield line("commit;");
  }

  return { sql: write(), written: () => ({ tables, sequences }) };
}

const line = (text: string): Buffer => Buffer.from(`${text}\n`);

const tallied = ({ name, columns }: SnapshotTable, rows: number, hash: Hash): Manifest["tables"][number] => ({
  name,
  columns: [...columns],
  rows,
  sha256: hash.digest("hex"),
});

/** For `psql`, which stops at the first error and then leaves the database as it was. */
const preamble = (
  { schemaVersion, postgresVersion, schemaSql }: RecordSnapshot,
  snapshotAt: string,
): string => `-- The record of RAG Personal as of ${snapshotAt}, schema ${schemaVersion}, written by ${postgresVersion}.
-- Into an empty database: gunzip -c record.sql.gz | psql --no-psqlrc --quiet --dbname postgres://user@host:5432/database
\\set ON_ERROR_STOP on
begin;
set local client_encoding = 'UTF8';
set local standard_conforming_strings = on;
set local check_function_bodies = off;

${schemaSql}`;

function countLines(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(NEW_LINE); at >= 0; at = piece.indexOf(NEW_LINE, at + 1)) count += 1;
  return count;
}
