/** Turns JSON and JSON Lines into lines of key paths and values. */
import { type JsonVisitor, scanJson } from "./json-scanner.ts";
import { createRecordsText, type Field, type RecordsText } from "./records.ts";
import { Unparsable } from "./unparsable.ts";

/** A short list of plain values stands on one line. */
const MAX_LIST_ITEMS = 30;
const MAX_LIST_CHARS = 300;

/**
 * Each value becomes `a.b[2]: value`; null, empty strings and empty containers are left out. An object in an array is a record,
 * on one line when it is short; so is everything below it. Short lists of plain values become `a.b: x, y, z`.
 *
 * @param maxChars of the result.
 * @throws Unparsable with line and column when it is not valid JSON.
 * @example
 * jsonToText('{"teas": [{"name": "Sencha", "minutes": 1}]}', { maxChars: 1000 }); // "teas[0].name: Sencha; teas[0].minutes: 1"
 */
export function jsonToText(text: string, { maxChars }: { readonly maxChars: number }): string {
  const records = createRecordsText(maxChars);
  const writer = createFieldWriter(records, maxChars);
  scanJson(text, writer.visitor);
  writer.endRecord("lines");
  return records.toText();
}

/**
 * The same for a text with one JSON value on each line; each is a record. Blank lines are passed over.
 *
 * @throws Unparsable naming the first line that is not valid JSON.
 */
export function jsonLinesToText(text: string, { maxChars }: { readonly maxChars: number }): string {
  const records = createRecordsText(maxChars);
  let line = 1;
  for (let start = 0; start < text.length; line += 1) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    const value = text.slice(start, end);
    if (value.trim() !== "") {
      const writer = createFieldWriter(records, maxChars, true);
      scanJson(value, writer.visitor, line);
      writer.endRecord("line");
    }
    start = end + 1;
  }
  return records.toText();
}

interface Frame {
  readonly container: "object" | "array";
  /** Of the container itself. */
  readonly path: string;
  readonly opensRecord: boolean;
  key: string;
  /** Of the next item. */
  index: number;
  /** The items so far while they may become one line. */
  list: string[] | undefined;
  listChars: number;
}

/** @param isRecord all of it is one record. */
function createFieldWriter(records: RecordsText, maxChars: number, isRecord = false) {
  const frames: Frame[] = [];
  let fields: Field[] = [];
  let fieldChars = 0;
  let isInRecord = isRecord;

  function endRecord(layout: "line" | "lines"): void {
    records.add(fields, layout);
    fields = [];
    fieldChars = 0;
  }

  function addField(name: string, value: string): void {
    if (value.trim() === "") return;
    fieldChars += name.length + value.length;
    if (fieldChars > maxChars) throw new Unparsable(`as text it would be longer than ${maxChars} characters`);
    fields.push({ name, value });
  }

  /** The path of the value that comes next in a container. */
  function nextPath(frame: Frame | undefined): string {
    if (frame === undefined) return "";
    if (frame.container === "array") return `${frame.path}[${frame.index++}]`;
    return frame.path === "" ? frame.key : `${frame.path}.${frame.key}`;
  }

  /** The list turned out too long, or not plain: its items get their lines. */
  function spillList(frame: Frame): void {
    frame.list?.forEach((value, at) => {
      addField(`${frame.path}[${at}]`, value);
    });
    frame.list = undefined;
  }

  const visitor: JsonVisitor = {
    open(container) {
      const frame = frames.at(-1);
      if (frame !== undefined) spillList(frame);
      const path = nextPath(frame);
      const opensRecord = container === "object" && frame?.container === "array" && !isInRecord;
      const isSection = frames.length === 1 && !isInRecord;
      if (opensRecord || isSection) endRecord("lines");
      isInRecord ||= opensRecord;
      // The place of a record in an outermost list says nothing.
      const ownPath = opensRecord && frames.length === 1 ? "" : path;
      frames.push({ container, path: ownPath, opensRecord, key: "", index: 0, list: container === "array" ? [] : undefined, listChars: 0 });
    },
    close() {
      const frame = frames.pop();
      if (frame === undefined) return;
      if (frame.list !== undefined && frame.list.length > 0) addField(frame.path, frame.list.filter((value) => value.trim() !== "").join(", "));
      if (frame.opensRecord) {
        endRecord("line");
        isInRecord = false;
      } else if (frames.length === 1 && !isInRecord) endRecord("lines");
    },
    key(key) {
      const frame = frames.at(-1);
      if (frame !== undefined) frame.key = key.replace(/\s+/g, " ");
    },
    scalar(text, isNull) {
      const frame = frames.at(-1);
      const path = nextPath(frame);
      const value = isNull ? "" : text;
      if (frame?.list === undefined) {
        addField(path, value);
        return;
      }
      frame.list.push(value);
      frame.listChars += value.length;
      if (frame.list.length > MAX_LIST_ITEMS || frame.listChars > MAX_LIST_CHARS || value.includes("\n")) spillList(frame);
    },
  };
  return { visitor, endRecord };
}
