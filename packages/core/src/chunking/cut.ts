/** Cuts a span that is too long for one chunk: at sentence ends, else line ends, else words, else anywhere but inside a character. */
import { isWhite, skipWhite, trimEnd } from "./white-space.ts";

export interface CutOptions {
  /** Wished length of a piece, in UTF-16 units. */
  readonly targetChars: number;
  /** No piece is longer. At least 2, so that a surrogate pair fits. */
  readonly maxChars: number;
  /** The boundary looked for first. */
  readonly prefer: "sentences" | "lines";
}

/** True where a piece may end: just before position `at`, looking no further back than `start`. */
type Boundary = (text: string, at: number, start: number) => boolean;

/**
 * Pieces of `[start, end)` of about even length, trimmed, in order; only white space lies between them.
 * A span of at most `maxChars` is returned whole.
 */
export function cutSpan(text: string, start: number, end: number, options: CutOptions): { readonly start: number; readonly end: number }[] {
  const pieces: { readonly start: number; readonly end: number }[] = [];
  const first = skipWhite(text, start, end);
  const last = trimEnd(text, first, end);
  const length = last - first;
  if (length <= options.maxChars) return length === 0 ? [] : [{ start: first, end: last }];
  // An even share leaves no crumb at the end; a third more than it is left whole.
  const share = Math.ceil(length / Math.ceil(length / options.targetChars));
  const whole = Math.min(options.maxChars, Math.ceil((share * 4) / 3));
  let at = first;
  while (last - at > whole) {
    const cut = findCut(text, at, Math.min(last, at + options.maxChars), share, options.prefer);
    pieces.push({ start: at, end: trimEnd(text, at, cut) });
    at = skipWhite(text, cut, last);
  }
  if (at < last) pieces.push({ start: at, end: last });
  return pieces;
}

function findCut(text: string, start: number, high: number, share: number, prefer: CutOptions["prefer"]): number {
  const low = start + Math.ceil(share / 2);
  const middle = Math.min(high, start + share);
  const boundaries: readonly Boundary[] = prefer === "lines" ? [isLineEnd, isSentenceEnd, isWhite] : [isSentenceEnd, isLineEnd, isWhite];
  for (const boundary of boundaries) {
    for (let at = middle; at >= low && at > start; at -= 1) if (boundary(text, at, start)) return at;
    for (let at = middle + 1; at <= high; at += 1) if (boundary(text, at, start)) return at;
  }
  return splitsPair(text, high) && high - 1 > start ? high - 1 : high;
}

function splitsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

const LINE_FEED = 10;

function isLineEnd(text: string, at: number): boolean {
  return text.charCodeAt(at) === LINE_FEED;
}

const CLOSING = new Set("\"'”’)]»*_");
const STOPS = new Set(".!?…");
/** Ideographic full stops: no space follows them. */
const WIDE_STOPS = new Set("。！？｡");
const FIRST_WIDE_STOP = 0x3002;
const WIDE_CLOSING = new Set("」』”’）】");

function isSentenceEnd(text: string, at: number, start: number): boolean {
  if (text.charCodeAt(at - 1) >= FIRST_WIDE_STOP && WIDE_STOPS.has(text[at - 1] ?? ""))
    return !WIDE_STOPS.has(text[at] ?? "") && !WIDE_CLOSING.has(text[at] ?? "");
  if (!isWhite(text, at)) return false;
  let stop = at - 1;
  while (stop > start && at - stop < 6 && CLOSING.has(text[stop] ?? "")) stop -= 1;
  const mark = text[stop] ?? "";
  if (!STOPS.has(mark)) return false;
  if (mark !== ".") return true;
  // "Dr. Lee", "e.g. this": a short capitalised word, an inner full stop or a small letter afterwards do not end a sentence.
  const word = /[\p{L}\p{N}.]*$/u.exec(text.slice(Math.max(start, stop - 12), stop))?.[0] ?? "";
  if (word.includes(".") || /^(?:\p{Lu}\p{L}{0,2}|\d{1,2})$/u.test(word)) return false;
  return !/^\s*\p{Ll}/u.test(text.slice(at, at + 8));
}
