/** Splits a text into the blocks that chunks are built from: headings, code, tables, list items, paragraphs. */
import { type Heading, parseAtxHeading, parseSetextUnderline, plainTitle } from "./headings.ts";
import { isWhite, lineEnd, skipWhite, trimEnd } from "./white-space.ts";

/**
 * A span `[start, end)` of the text, trimmed at its end.
 * - `preamble`: front matter at the very start.
 * - `prose`: a paragraph or list item; breaks best at sentences.
 * - `lines`: code, a table or records; breaks best at line ends.
 */
export type Block =
  | { readonly kind: "heading"; readonly start: number; readonly end: number; readonly heading: Heading }
  | { readonly kind: "preamble" | "prose" | "lines"; readonly start: number; readonly end: number };

/** A longer paragraph above a line of dashes is a paragraph and a rule, not a heading. */
const MAX_SETEXT_CHARS = 300;
/** Front matter that has not ended by then is none. */
const MAX_FRONT_MATTER_CHARS = 20_000;

/** Paragraphs, parted by blank lines. `kind` says where they break best. */
export function* scanParagraphs(text: string, kind: "prose" | "lines"): Generator<Block> {
  let start = -1;
  let end = 0;
  for (let at = 0; at < text.length; ) {
    const stop = lineEnd(text, at);
    const first = skipWhite(text, at, stop);
    if (first < stop) {
      if (start === -1) start = first;
      end = stop;
    } else if (start !== -1) {
      yield { kind, start, end: trimEnd(text, start, end) };
      start = -1;
    }
    at = stop + 1;
  }
  if (start !== -1) yield { kind, start, end: trimEnd(text, start, end) };
}

/**
 * Blocks of a Markdown text in order, without overlap; everything between them is white space. Takes time linear in the text.
 * Follows CommonMark for ATX and Setext headings, fences and GitHub's tables; fences may be indented at will, as in lists.
 */
export function* scanMarkdown(text: string): Generator<Block> {
  let at = 0;
  const front = frontMatterEnd(text);
  if (front > 0) {
    yield { kind: "preamble", start: skipWhite(text, 0, front), end: trimEnd(text, 0, front) };
    at = front;
  }
  let paragraph: Paragraph | undefined;
  while (at < text.length) {
    const stop = lineEnd(text, at);
    const first = skipWhite(text, at, stop);
    if (first === stop) {
      if (paragraph !== undefined) yield proseBlock(text, paragraph);
      paragraph = undefined;
      at = stop + 1;
      continue;
    }
    const underline = paragraph?.plain === true && first - at < 4 ? parseSetextUnderline(text, first, stop) : undefined;
    if (paragraph !== undefined && underline !== undefined && paragraph.end - paragraph.start <= MAX_SETEXT_CHARS) {
      const title = plainTitle(text.slice(paragraph.start, paragraph.end));
      yield { kind: "heading", start: paragraph.start, end: trimEnd(text, first, stop), heading: { level: underline, title } };
      paragraph = undefined;
      at = stop + 1;
      continue;
    }
    const block = standaloneBlock(text, at, first, stop);
    if (block !== undefined) {
      if (paragraph !== undefined) yield proseBlock(text, paragraph);
      paragraph = undefined;
      yield block;
      at = lineEnd(text, block.end) + 1;
      continue;
    }
    const item = isListMarker(text, first, stop);
    if (paragraph !== undefined && item) {
      yield proseBlock(text, paragraph);
      paragraph = undefined;
    }
    if (paragraph === undefined) paragraph = { start: first, end: stop, plain: !item && text[first] !== ">" && first - at < 4 };
    else paragraph.end = stop;
    at = stop + 1;
  }
  if (paragraph !== undefined) yield proseBlock(text, paragraph);
}

/** The first heading of a Markdown text; undefined when there is none. */
export function findFirstHeading(text: string): Heading | undefined {
  for (const block of scanMarkdown(text)) if (block.kind === "heading" && block.heading.title !== "") return block.heading;
  return undefined;
}

interface Paragraph {
  readonly start: number;
  end: number;
  /** Neither a list item nor a quotation nor indented: an underline makes it a heading. */
  readonly plain: boolean;
}

function proseBlock(text: string, { start, end }: Paragraph): Block {
  return { kind: "prose", start, end: trimEnd(text, start, end) };
}

/** A block that ends the paragraph before it, if the line at `[at, stop)` begins one. */
function standaloneBlock(text: string, at: number, first: number, stop: number): Block | undefined {
  if (first - at < 4) {
    const heading = parseAtxHeading(text, first, stop);
    if (heading !== undefined) return { kind: "heading", start: first, end: trimEnd(text, first, stop), heading };
    if (isRule(text, first, stop)) return { kind: "prose", start: first, end: trimEnd(text, first, stop) };
  }
  const end = fenceEnd(text, first, stop) ?? tableEnd(text, first, stop);
  return end === undefined ? undefined : { kind: "lines", start: first, end: trimEnd(text, first, end) };
}

/** Where the front matter (`---` … `---` on the first lines) ends; 0 when there is none. */
function frontMatterEnd(text: string): number {
  const opening = /^\uFEFF?---[ \t]*\r?\n/.exec(text.slice(0, 100));
  if (opening === null) return 0;
  for (let at = opening[0].length; at < text.length && at < MAX_FRONT_MATTER_CHARS; ) {
    const stop = lineEnd(text, at);
    if (stop - at < 100 && /^(?:---|\.\.\.)\s*$/.test(text.slice(at, stop))) return stop;
    at = stop + 1;
  }
  return 0;
}

function isRule(text: string, first: number, stop: number): boolean {
  const mark = text[first];
  if (mark !== "-" && mark !== "*" && mark !== "_") return false;
  let marks = 0;
  for (let at = first; at < stop; at += 1) {
    if (text[at] === mark) marks += 1;
    else if (!isWhite(text, at)) return false;
  }
  return marks >= 3;
}

function isListMarker(text: string, first: number, stop: number): boolean {
  return /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/.test(text.slice(first, Math.min(stop, first + 12)));
}

/** Where the fenced code that opens on this line ends; an unclosed fence runs to the end of the text. */
function fenceEnd(text: string, first: number, stop: number): number | undefined {
  const mark = text[first];
  if (mark !== "`" && mark !== "~") return undefined;
  const length = runLength(text, first, stop);
  if (length < 3) return undefined;
  if (mark === "`") for (let at = first + length; at < stop; at += 1) if (text[at] === "`") return undefined;
  for (let at = stop + 1; at < text.length; ) {
    const end = lineEnd(text, at);
    const start = skipWhite(text, at, end);
    if (text[start] === mark) {
      const closing = runLength(text, start, end);
      if (closing >= length && skipWhite(text, start + closing, end) === end) return end;
    }
    at = end + 1;
  }
  return text.length;
}

function runLength(text: string, first: number, stop: number): number {
  const mark = text[first];
  let at = first;
  while (at < stop && text[at] === mark) at += 1;
  return at - first;
}

/** Where the table whose header is this line ends: at a blank line, a heading or a fence. */
function tableEnd(text: string, first: number, stop: number): number | undefined {
  const delimiterEnd = lineEnd(text, Math.min(stop + 1, text.length));
  if (stop + 1 >= text.length || !isDelimiterRow(text, stop + 1, delimiterEnd) || !contains(text, "|", first, stop)) return undefined;
  let end = delimiterEnd;
  for (let at = delimiterEnd + 1; at < text.length; ) {
    const next = lineEnd(text, at);
    const start = skipWhite(text, at, next);
    if (start === next || text[start] === "#" || text.startsWith("```", start) || text.startsWith("~~~", start)) break;
    end = next;
    at = next + 1;
  }
  return end;
}

function isDelimiterRow(text: string, start: number, end: number): boolean {
  let dashes = 0;
  let bars = 0;
  for (let at = start; at < end; at += 1) {
    const unit = text[at];
    if (unit === "-") dashes += 1;
    else if (unit === "|") bars += 1;
    else if (unit !== ":" && !isWhite(text, at)) return false;
  }
  return dashes > 0 && bars > 0;
}

function contains(text: string, unit: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text[at] === unit) return true;
  return false;
}
