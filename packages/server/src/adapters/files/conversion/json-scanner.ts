/**
 * Reads JSON as a series of events, without building it: memory stays small, depth is bounded without recursion, numbers keep
 * their digits, and an error has its place. It accepts what `JSON.parse` accepts.
 */
import { Unparsable } from "./unparsable.ts";

/** Told what is found, in order. Each member of an object is a key followed by its value. */
export interface JsonVisitor {
  open(container: "object" | "array"): void;
  close(): void;
  key(key: string): void;
  /** `text` is a string's content, or a number, `true`, `false` or `null` as written. */
  scalar(text: string, isNull: boolean): void;
}

/** Deeper documents are made to do harm. */
const MAX_DEPTH = 256;

const CLOSING = { object: "}", array: "]" } as const;

const NUMBER_OR_WORD = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![0-9a-zA-Z_.+-])/y;
/** Strings with these are left to `JSON.parse`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const SPECIAL_IN_STRING = /[\\\u0000-\u001f]/;

/**
 * Reads one JSON value, which must fill the whole text. Takes time linear in it.
 *
 * @param firstLine number of the text's first line, for messages.
 * @throws Unparsable with line and column.
 */
export function scanJson(text: string, visitor: JsonVisitor, firstLine = 1): void {
  const containers: ("object" | "array")[] = [];
  let at = skipSpace(text, 0);
  // Whether a value, or the first key or item of the container just opened, is due; otherwise a value has just ended.
  let due: "value" | "first" | "next" = "value";
  for (;;) {
    const container = containers.at(-1);
    if (due !== "value") {
      at = skipSpace(text, at);
      if (container !== undefined && text[at] === CLOSING[container]) {
        containers.pop();
        visitor.close();
        at += 1;
        due = "next";
        continue;
      }
      if (due === "next") {
        if (container === undefined) {
          if (at < text.length) throw failure("nothing may follow the value");
          return;
        }
        if (text[at] !== ",") throw failure(`"," or "${CLOSING[container]}" is missing`);
        at = skipSpace(text, at + 1);
      }
    }
    if (container === "object") readKey();
    due = readValue();
  }

  function readKey(): void {
    if (text[at] !== '"') throw failure("a name in quotation marks is missing");
    visitor.key(readString());
    at = skipSpace(text, at);
    if (text[at] !== ":") throw failure('":" is missing');
    at = skipSpace(text, at + 1);
  }

  function readValue(): "first" | "next" {
    const unit = text[at];
    if (unit === "{" || unit === "[") {
      if (containers.length === MAX_DEPTH) throw failure(`it is nested more than ${MAX_DEPTH} levels deep`);
      const container = unit === "{" ? "object" : "array";
      containers.push(container);
      visitor.open(container);
      at += 1;
      return "first";
    }
    if (unit === '"') {
      visitor.scalar(readString(), false);
      return "next";
    }
    NUMBER_OR_WORD.lastIndex = at;
    const found = NUMBER_OR_WORD.exec(text)?.[0];
    if (found === undefined) throw failure(at >= text.length ? "it ends too early" : "a value is missing or wrong");
    at += found.length;
    visitor.scalar(found, found === "null");
    return "next";
  }

  function readString(): string {
    const end = closingQuote(text, at);
    if (end === -1) throw failure("a string is not closed");
    const raw = text.slice(at, end + 1);
    if (!SPECIAL_IN_STRING.test(raw)) {
      at = end + 1;
      return raw.slice(1, -1);
    }
    try {
      const value: unknown = JSON.parse(raw);
      at = end + 1;
      return String(value);
    } catch {
      throw failure("a string holds a wrong escape or an unescaped line end or control character");
    }
  }

  function failure(what: string): Unparsable {
    const before = text.slice(0, at);
    const lines = before.split("\n").length - 1;
    const column = at - before.lastIndexOf("\n");
    return new Unparsable(`it is not valid JSON: ${what} (line ${firstLine + lines}, column ${column})`);
  }
}

function skipSpace(text: string, from: number): number {
  for (let at = from; ; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return at;
  }
}

/** Where the string that opens at `from` closes; -1 when it does not. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}
