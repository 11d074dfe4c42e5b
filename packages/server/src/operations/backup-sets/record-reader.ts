/** Reads the record of a set piece by piece, in memory that does not grow with it. */
import { parseCopyLine, type RecordTable, ROWS_BEGIN, ROWS_END, TABLE_END } from "./record-format.ts";

/**
 * What comes next: a table, then its rows as COPY takes them, in pieces that end anywhere; `rows` counts those that end in the piece. The rows
 * of a table are complete when another table follows, or the end.
 */
export type RecordPart =
  | { readonly type: "table"; readonly table: RecordTable }
  | { readonly type: "rows"; readonly bytes: Uint8Array; readonly rows: number }
  | { readonly type: "end" };

/** The bytes are no record. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/** Of one line outside of the rows, and of all lines before them and behind them. */
const MAX_LINE_BYTES = 1 << 20;
const MAX_AROUND_BYTES = 1 << 24;

const NEW_LINE = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
/** With its line end. */
const END = Buffer.from(`${TABLE_END}\n`);

/**
 * @param chunks the decompressed file.
 * @throws UnreadableRecord at the first byte that breaks the format.
 */
export async function* readRecord(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RecordPart> {
  const input = createInput(chunks);
  try {
    for (let skipped = 0; ; ) {
      const line = await readLine(input);
      if (line === ROWS_BEGIN) break;
      skipped += line.length + 1;
      if (skipped > MAX_AROUND_BYTES) throw new UnreadableRecord("has too much SQL before its rows");
    }
    for (let line = await readLine(input); line !== ROWS_END; line = await readLine(input)) {
      const table = parseCopyLine(line);
      if (table === undefined) throw new UnreadableRecord("has something else than rows among its rows");
      yield { type: "table", table };
      yield* readRows(input, table);
    }
    let skipped = 0;
    do {
      skipped += input.unread().length;
      if (skipped > MAX_AROUND_BYTES) throw new UnreadableRecord("has too much SQL behind its rows");
      input.take(input.unread().length);
    } while (await input.more());
  } finally {
    await input.close();
  }
  yield { type: "end" };
}

interface Input {
  /** What was read from the source and not yet taken. */
  unread(): Buffer;
  take(bytes: number): void;
  /** Adds what comes next to the unread; false at the end. */
  more(): Promise<boolean>;
  close(): Promise<void>;
}

function createInput(chunks: AsyncIterable<Uint8Array>): Input {
  const source = chunks[Symbol.asyncIterator]();
  let unread: Buffer = Buffer.alloc(0);
  return {
    unread: () => unread,
    take(bytes) {
      unread = unread.subarray(bytes);
    },
    async more() {
      const next = await source.next();
      if (next.done) return false;
      unread = unread.length === 0 ? asBuffer(next.value) : Buffer.concat([unread, next.value]);
      return true;
    },
    async close() {
      await source.return?.();
    },
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

/** Without its line end. */
async function readLine(input: Input): Promise<string> {
  for (let searched = 0; ; ) {
    const unread = input.unread();
    const end = unread.indexOf(NEW_LINE, searched);
    if ((end < 0 ? unread.length : end) > MAX_LINE_BYTES) throw new UnreadableRecord("has a line of SQL that is too long");
    if (end >= 0) {
      input.take(end + 1);
      return unread.toString("utf8", 0, end);
    }
    searched = unread.length;
    if (!(await input.more())) throw new UnreadableRecord("ends too early");
  }
}

/** Up to the line that ends the table, which is taken too. */
async function* readRows(input: Input, { name, columns }: RecordTable): AsyncGenerator<RecordPart> {
  let isAtLineStart = true;
  /** Of the row that is being read. */
  let tabs = 0;
  for (;;) {
    const piece = input.unread();
    let at = 0;
    let rows = 0;
    while (at < piece.length && !(isAtLineStart && mayBeEnd(piece, at))) {
      const newLine = piece.indexOf(NEW_LINE, at);
      tabs += countTabs(piece, at, newLine < 0 ? piece.length : newLine);
      isAtLineStart = newLine >= 0;
      at = newLine < 0 ? piece.length : newLine + 1;
      if (!isAtLineStart) break;
      if (tabs !== columns.length - 1) throw new UnreadableRecord(`has a row of ${name} with ${tabs + 1} values instead of ${columns.length}`);
      tabs = 0;
      rows += 1;
    }
    input.take(at);
    if (at > 0) yield { type: "rows", bytes: piece.subarray(0, at), rows };
    if (isAtLineStart && input.unread().subarray(0, END.length).equals(END)) {
      input.take(END.length);
      return;
    }
    if (!(await input.more())) throw new UnreadableRecord("ends too early");
  }
}

/** Whether the line that ends a table stands there, as far as can be seen. */
function mayBeEnd(piece: Buffer, at: number): boolean {
  if (piece[at] !== BACKSLASH) return false;
  const found = piece.subarray(at, at + END.length);
  return END.subarray(0, found.length).equals(found);
}

function countTabs(piece: Buffer, from: number, to: number): number {
  // Of this row alone: a search in the whole piece would run to its end for each row without a tab.
  const row = piece.subarray(from, to);
  let count = 0;
  for (let tab = row.indexOf(TAB); tab >= 0; tab = row.indexOf(TAB, tab + 1)) count += 1;
  return count;
}
