/** The rows of a table as text, page by page, so that a table of any size takes the memory of a page. */
import type postgres from "postgres";
import type { SnapshotTable } from "../../operations/record-source.ts";
import type { Sql } from "./column-types.ts";
import { fieldsOf } from "./copy-text.ts";
import type { Run } from "./database.ts";
import { identifier, list, literal, type Part } from "./statement-parts.ts";
import { toStoreError } from "./store-errors.ts";

/** The embedded server puts a whole answer into memory; a page is as large as this, more or less, however large the table is. */
const PAGE_BYTES = 4_000_000;
/** A row may be a piece of a file, of two million bytes as text. */
const FIRST_PAGE_ROWS = 16;
const PAGE_GROWTH = 16;
const MOST_PAGE_ROWS = 50_000;
const NEW_LINE = 0x0a;

/** In the order of the primary key, page by page. */
export async function* readRows(run: Run, { name, columns, key }: SnapshotTable): AsyncGenerator<Buffer> {
  const keyPlaces = key.map((column) => columns.indexOf(column));
  let last: readonly string[] | undefined;
  for (let limit = FIRST_PAGE_ROWS; ; ) {
    let [bytes, rows] = [0, 0];
    let lastLine: Buffer = Buffer.alloc(0);
    for await (const piece of copy(run, { name, columns, key, after: last, limit })) {
      bytes += piece.length;
      for (let at = piece.indexOf(NEW_LINE); at >= 0; at = piece.indexOf(NEW_LINE, at + 1)) rows += 1;
      lastLine = lastLineWith(lastLine, piece);
      yield piece;
    }
    if (rows < limit) return;
    const fields = fieldsOf(lastLine.toString("utf8").slice(0, -1));
    last = keyPlaces.map((place) => fields[place] ?? "");
    const fitting = Math.floor((limit * PAGE_BYTES) / Math.max(bytes, 1));
    limit = Math.max(1, Math.min(fitting, limit * PAGE_GROWTH, MOST_PAGE_ROWS));
  }
}

/** The line that was begun last, with its end if that has come. */
function lastLineWith(begun: Buffer, piece: Buffer): Buffer {
  const start = piece.lastIndexOf(NEW_LINE, -2) + 1;
  const isBegunEarlier = start === 0 && begun.length > 0 && begun.at(-1) !== NEW_LINE;
  return isBegunEarlier ? Buffer.concat([begun, piece]) : Buffer.from(piece.subarray(start));
}

/** Rows of a table in the order of its key. */
interface Page {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** The key behind which the page begins; absent for the first one. */
  readonly after: readonly string[] | undefined;
  /** Rows at most. */
  readonly limit: number;
}

/** `copy` takes no parameters, so what would be one is a literal. */
function copyStatement(sql: Sql, { name, columns, key, after, limit }: Page): postgres.PendingQuery<postgres.Row[]> {
  const each = (texts: readonly string[], part: typeof identifier | typeof literal): Part =>
    list(
      sql,
      texts.map((text) => part(sql, text)),
    );
  const order = each(key, identifier);
  const where = after === undefined ? sql`` : sql`where (${order}) > (${each(after, literal)})`;
  return sql`
    copy (
      select ${each(columns, identifier)} from ${identifier(sql, name)} ${where} order by ${order} limit ${literal(sql, String(limit))}
    ) to stdout
  `;
}

/** In pieces as large as the stream holds: the driver hands out each row of a server by itself, and each piece costs a turn of the event loop. */
async function* copy(run: Run, page: Page): AsyncGenerator<Buffer> {
  const stream = await run((sql) => copyStatement(sql, page).readable());
  const state = { wake: (): void => {}, error: undefined as unknown };
  const wake = (): void => state.wake();
  stream.on("readable", wake).on("end", wake);
  stream.on("error", (error) => {
    state.error = error;
    wake();
  });
  try {
    while (!stream.readableEnded) {
      if (state.error !== undefined) throw toStoreError(state.error);
      const piece: Buffer | null = stream.read();
      if (piece !== null) yield piece;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        state.wake = resolve;
        await run(() => promise);
      }
    }
  } finally {
    // The driver pauses the connection at a piece that is too large for the stream, and goes on when more is asked for; behind the last piece
    // nobody asks any more, and the next statement would wait for ever.
    stream._read(0);
    stream.destroy();
  }
}
