/** Writes records as text that can be retrieved: each names its fields, so that a chunk of them says what it is about. */
import { Unparsable } from "./unparsable.ts";

export interface Field {
  /** May be empty: then the value stands alone. */
  readonly name: string;
  readonly value: string;
}

/** A longer record gets a line for each field. */
const MAX_LINE_CHARS = 500;

const RECORDS_PER_BLOCK = 1_000;

/** Collects records. */
export interface RecordsText {
  /**
   * Adds a record; fields without a value are left out.
   *
   * @param layout `line` puts a short record on one line, so that a quoted line holds all of it.
   * @throws Unparsable when the text would become longer than allowed.
   */
  add(fields: readonly Field[], layout: "line" | "lines"): void;
  /** The records, with a blank line between them. */
  toText(): string;
}

/** @param maxChars of the whole text, in UTF-16 units: repeated names can make it many times longer than the file. */
export function createRecordsText(maxChars: number): RecordsText {
  // Millions of small strings would cost several times the memory of few long ones.
  const blocks: string[] = [];
  let records: string[] = [];
  let length = 0;

  function endBlock(): void {
    if (records.length > 0) blocks.push(records.join("\n\n"));
    records = [];
  }

  return {
    add(fields, layout) {
      const parts: string[] = [];
      let isShort = layout === "line";
      let size = 2;
      for (const field of fields) {
        const value = field.value.trim();
        if (value === "") continue;
        const part = field.name === "" ? value : `${field.name}: ${value}`;
        parts.push(part);
        size += part.length + 2;
        isShort &&= size <= MAX_LINE_CHARS && !value.includes("\n");
        if (length + size > maxChars) throw new Unparsable(`as text it would be longer than ${maxChars} characters`);
      }
      if (parts.length === 0) return;
      length += size;
      records.push(parts.join(isShort ? "; " : "\n"));
      if (records.length === RECORDS_PER_BLOCK) endBlock();
    },
    toText() {
      endBlock();
      return blocks.join("\n\n");
    },
  };
}
