/** Rows as `COPY … TO STDOUT` writes them: a line each, fields between tabs, and what would be mistaken for either written with a backslash. */

const LINE_END = 0x0a;
const NULL = "\\N";
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

export interface LineSplitter {
  /** The lines, without their ends, that are complete with this piece. */
  add(piece: Uint8Array): string[];
  /** @throws when the last line has no end. */
  end(): void;
}

/** Takes a text in pieces that are cut anywhere. */
export function createLineSplitter(): LineSplitter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    add(piece) {
      const bytes = rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece]);
      const lines: string[] = [];
      let from = 0;
      for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, from)) {
        lines.push(bytes.toString("utf8", from, end));
        from = end + 1;
      }
      rest = bytes.subarray(from);
      return lines;
    },
    end() {
      if (rest.length > 0) throw new Error("the last row is cut off");
    },
  };
}

/** The fields of a line; null for what is NULL. */
export function fieldsOf(line: string): (string | null)[] {
  return line.split("\t").map((field) => {
    if (field === NULL) return null;
    return field.includes("\\") ? field.replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter) : field;
  });
}

/** Values as the text of an array, the form in which many travel in one parameter. */
export function arrayText(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, "\\$&") : value}"`)).join(",")}}`;
}
