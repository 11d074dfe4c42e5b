/** Finds the lines of a Markdown text in which its marks mean nothing: fenced code, and HTML whose content is no Markdown. */
import { lineEnd, skipWhite } from "./white-space.ts";

/** What CommonMark calls HTML blocks of kinds 1 and 2: their content ends where they are closed, blank lines or not. */
const OPENING_TAG = /^<(?:!--|(pre|script|style|textarea)(?=[\s>]|$))/i;
/** Longer than any opening tag's name with its bracket and the sign after it. */
const MAX_OPENING_CHARS = 12;

/** Tells where the fence or HTML that opens at `first`, on the line that ends at `stop`, ends; undefined when none opens there. */
export type VerbatimFinder = (first: number, stop: number) => number | undefined;

/**
 * Creates a finder for one text, to be asked from its beginning to its end. It remembers which HTML is closed nowhere in
 * the rest of the text, so that unclosed HTML costs no more than one look through it.
 */
export function createVerbatimFinder(text: string): VerbatimFinder {
  const neverClosed = new Set<string>();

  /** The line on which the HTML is closed belongs to it. HTML that is never closed ends before the next blank line. */
  function htmlEnd(first: number, stop: number): number | undefined {
    if (text[first] !== "<") return undefined;
    const opening = OPENING_TAG.exec(text.slice(first, Math.min(stop, first + MAX_OPENING_CHARS)));
    if (opening === null) return undefined;
    const tag = opening[1]?.toLowerCase() ?? "";
    if (!neverClosed.has(tag)) {
      const closed = tag === "" ? text.indexOf("-->", first + 2) : searchFrom(text, new RegExp(`</${tag}(?=[\\s>])`, "gi"), first);
      if (closed !== -1) return lineEnd(text, closed);
      neverClosed.add(tag);
    }
    return blankLineAfter(text, stop);
  }

  return (first, stop) => fenceEnd(text, first, stop) ?? htmlEnd(first, stop);
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

function searchFrom(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}

/** The end of the last line before the next blank one. */
function blankLineAfter(text: string, stop: number): number {
  let end = stop;
  while (end < text.length) {
    const next = lineEnd(text, end + 1);
    if (skipWhite(text, end + 1, next) === next) break;
    end = next;
  }
  return end;
}
