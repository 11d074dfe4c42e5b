/** Splits a text into the blocks that chunks are built from: headings, code, tables, list items, paragraphs. */
import { frontMatterEnd } from "./front-matter.ts";
import { type Heading, parseAtxHeading, parseSetextUnderline, plainTitle } from "./headings.ts";
import { createVerbatimFinder, type VerbatimFinder } from "./verbatim.ts";
import { countColumns, isWhite, lineEnd, skipWhite, trimEnd } from "./white-space.ts";

/**
 * A span `[start, end)` of the text, trimmed at its end.
 * - `preamble`: front matter at the very start.
 * - `prose`: a paragraph or list item; breaks best at sentences.
 * - `lines`: code, HTML, a table or records; breaks best at line ends.
 */
export type Block =
  | { readonly kind: "heading"; readonly start: number; readonly end: number; readonly heading: Heading }
  | { readonly kind: "preamble" | "prose" | "lines"; readonly start: number; readonly end: number };

/** A longer paragraph above a line of dashes is a paragraph and a rule, not a heading. */
const MAX_SETEXT_CHARS = 300;

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
 * Follows CommonMark for ATX and Setext headings, fences, HTML that is no Markdown, and GitHub's tables; fences and HTML
 * may be indented at will, as in lists.
 */
export function* scanMarkdown(text: string): Generator<Block> {
  const findVerbatimEnd = createVerbatimFinder(text);
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
    const isDeep = countColumns(text, at, first) >= 4;
    const underline = paragraph?.plain === true && !isDeep ? parseSetextUnderline(text, first, stop) : undefined;
    if (paragraph !== undefined && underline !== undefined && paragraph.end - paragraph.start <= MAX_SETEXT_CHARS) {
      const title = plainTitle(text.slice(paragraph.start, paragraph.end));
      yield { kind: "heading", start: paragraph.start, end: trimEnd(text, first, stop), heading: { level: underline, title } };
      paragraph = undefined;
      at = stop + 1;
      continue;
    }
    const block = standaloneBlock(text, first, stop, isDeep, findVerbatimEnd);
    if (block !== undefined) {
      if (paragraph !== undefined) yield proseBlock(text, paragraph);
      paragraph = undefined;
      yield block;
      at = lineEnd(text, block.end) + 1;
      continue;
    }
    const item = listMarkerLength(text, first, stop) > 0;
    if (paragraph !== undefined && item) {
      yield proseBlock(text, paragraph);
      paragraph = undefined;
    }
    if (paragraph === undefined) paragraph = { start: first, end: stop, plain: !item && text[first] !== ">" && !isDeep };
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

/** A block that ends the paragraph before it, if the line at `[first, stop)` begins one. */
function standaloneBlock(text: string, first: number, stop: number, isDeep: boolean, findVerbatimEnd: VerbatimFinder): Block | undefined {
  if (!isDeep) {
    const heading = parseAtxHeading(text, first, stop);
    if (heading !== undefined) return { kind: "heading", start: first, end: trimEnd(text, first, stop), heading };
    if (isRule(text, first, stop)) return { kind: "prose", start: first, end: trimEnd(text, first, stop) };
  }
  const end = findVerbatimEnd(skipListMarkers(text, first, stop), stop) ?? tableEnd(text, first, stop);
  return end === undefined ? undefined : { kind: "lines", start: first, end: trimEnd(text, first, end) };
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

/** Length of the mark that opens a list item at `first`, without the white space after it; 0 when there is none. */
function listMarkerLength(text: string, first: number, stop: number): number {
  return /^(?:[-*+]|\d{1,9}[.)])(?=\s|$)/.exec(text.slice(first, Math.min(stop, first + 12)))?.[0].length ?? 0;
}

/** Where the content of the innermost list item that opens on the line begins: `first` when none does. */
function skipListMarkers(text: string, first: number, stop: number): number {
  let at = first;
  for (let length = listMarkerLength(text, at, stop); length > 0; length = listMarkerLength(text, at, stop)) {
    at = skipWhite(text, at + length, stop);
  }
  return at;
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
