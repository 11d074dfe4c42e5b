/** Splits text into sentences, as spans of the text itself. */

/** A half-open span `[start, end)` of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface SentenceOptions {
  /** Longer sentences (tables, logs, one-line files) are cut at a space near this many UTF-16 units. Default 1000. */
  readonly maxLength?: number | undefined;
}

/** Words before a full stop that does not end a sentence, lower case, without their last full stop. */
const ABBREVIATIONS = new Set(
  (
    "mr mrs ms dr prof rev hon st sr jr gen col lt capt sgt gov sen rep pres messrs mme mlle " +
    "vs etc al approx ca cf e.g i.e eg ie viz resp incl excl fig figs eq eqs ref refs sec sect ch chap vol vols pp p ed eds no nos nr op cit ibid " +
    "inc ltd co corp dept univ assn bros est jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun " +
    "u.s u.k u.n e.u d.c a.m p.m ph.d b.a m.a b.sc m.sc a.d b.c mt ft ave blvd rd hr hrs min max tel ext " +
    "z.b bzw d.h u.a usw"
  ).split(" "),
);

/** Abbreviations that often do end a sentence: before a capital letter they count as an end. */
const OFTEN_LAST = new Set("etc inc ltd co corp u.s u.k u.n e.u d.c a.m p.m ph.d jr sr usw".split(" "));

/** "3. Mai": German writes the day as an ordinal number, with a full stop. */
const DAY = /(?<![\p{L}\p{N}])0?(?:[1-9]|[12]\d|3[01])$/u;
const GERMAN_MONTH =
  /^\s+(?:Januar|Jänner|Jan\.|Februar|Feber|Feb\.|März|Mrz\.|April|Apr\.|Mai|Juni|Juli|August|Aug\.|Septembers?|Sept?\.|Oktobers?|Okt\.|Novembers?|Nov\.|Dezembers?|Dez\.)(?![\p{L}\p{N}])/u;
/** "Str. 5", "Hauptstr. 5", but not the "str" of programmers. */
const GERMAN_STREET = /(?:^|-)(?:\p{Lu}\p{L}*s|S)tr$/u;

const LIST_MARKER = /^\s*(?:[-*+•◦▪‣]\s|\(?\d{1,3}[.)]\s|\(?[a-zA-Z][)]\s|#{1,6}\s|>\s?|\||```|~~~|(?:[-*_]\s*){3,}$)/;
const HEADING = /^\s*#{1,6}\s/;
/**
 * A full stop, with the closing quotes and brackets that belong to it, before space or the end.
 * Starting only where a run of stops begins keeps the time linear.
 */
const STOP = /(?:(?<![.!?…])[.!?…]+["'”’)\]»]*(?=\s|$))|(?:[。！？｡]+[」』”’）】]*)/gu;
/** Lines shorter than this are not taken for hard-wrapped prose. */
const MIN_WRAP_WIDTH = 40;

/**
 * Sentences of `text` in order. Spans are trimmed, do not overlap, and together hold every character that is not white space.
 *
 * @example
 * splitSentences("Dr. Lee paid $3.50. She left."); // [{ start: 0, end: 19 }, { start: 20, end: 29 }]
 */
export function splitSentences(text: string, options: SentenceOptions = {}): Span[] {
  const maxLength = options.maxLength ?? 1000;
  const sentences: Span[] = [];
  for (const block of splitBlocks(text)) {
    for (const sentence of splitBlock(text, block)) pushBounded(text, sentence, maxLength, sentences);
  }
  return sentences;
}

/** Blocks end at blank lines, around headings, before list items and where a line was broken on purpose. */
function splitBlocks(text: string): Span[] {
  const lines = splitLines(text);
  const widths = paragraphWidths(text, lines);
  const blocks: Span[] = [];
  let start = 0;
  for (const [index, line] of lines.entries()) {
    const next = lines[index + 1];
    if (next === undefined || endsBlock(text, line, next, widths[index] ?? 0)) {
      blocks.push({ start, end: line.end });
      start = next?.start ?? line.end;
    }
  }
  return blocks;
}

function splitLines(text: string): Span[] {
  const lines: Span[] = [];
  let start = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", start)) {
    lines.push({ start, end: at });
    start = at + 1;
  }
  lines.push({ start, end: text.length });
  return lines;
}

/** For each line, the length of the longest line of its paragraph: the width a hard wrap would have used. */
function paragraphWidths(text: string, lines: readonly Span[]): Int32Array {
  const widths = new Int32Array(lines.length);
  let first = 0;
  let longest = 0;
  for (let index = 0; index <= lines.length; index += 1) {
    const line = lines[index];
    if (line === undefined || isBlank(text, line)) {
      widths.fill(longest, first, index);
      first = index + 1;
      longest = 0;
    } else longest = Math.max(longest, line.end - line.start);
  }
  return widths;
}

function isBlank(text: string, line: Span): boolean {
  for (let at = line.start; at < line.end; at += 1) if (!isSpace(text, at)) return false;
  return true;
}

function endsBlock(text: string, line: Span, next: Span, width: number): boolean {
  if (isBlank(text, line) || isBlank(text, next)) return true;
  const head = text.slice(next.start, Math.min(next.end, next.start + 120));
  if (LIST_MARKER.test(head) || HEADING.test(text.slice(line.start, Math.min(line.end, line.start + 12)))) return true;
  if (width < MIN_WRAP_WIDTH) return true;
  // A wrapped line breaks because the next word did not fit; one that had room was ended by its author.
  const nextWord = /^\s*\S*/.exec(head)?.[0].length ?? 0;
  return line.end - line.start + 1 + nextWord <= width && /^\s*["'“(]?[\p{Lu}\p{N}]/u.test(head);
}

function splitBlock(text: string, block: Span): Span[] {
  const sentences: Span[] = [];
  const content = text.slice(block.start, block.end);
  const first = content.search(/\S/);
  let start = 0;
  for (const match of content.matchAll(STOP)) {
    const end = match.index + match[0].length;
    if (!endsSentence(content, first, match.index, end)) continue;
    sentences.push({ start: block.start + start, end: block.start + end });
    start = end;
  }
  sentences.push({ start: block.start + start, end: block.end });
  return sentences;
}

/** @param first where the block's first word begins: a number there is that of a list item. */
function endsSentence(content: string, first: number, stop: number, end: number): boolean {
  const mark = content[stop];
  if (mark !== "." && mark !== "…") return true;
  const next = /^\s+["'“‘([«]*(\S)/u.exec(content.slice(end, end + 40))?.[1];
  if (next === undefined) return true;
  if (/\p{Ll}/u.test(next)) return false;
  if (mark === "…" || content[stop + 1] === ".") return true;
  const word = /(\S+)$/u.exec(content.slice(Math.max(0, stop - 24), stop))?.[1] ?? "";
  const bare = word.replace(/^["'“‘([«]+/u, "");
  // "J. Smith", but "vitamin C. It": an initial follows a capitalised word or begins the sentence, and a name follows it.
  if (/^\p{Lu}$/u.test(bare)) return !/(?:^|[\p{Lu}.][\p{L}.]*\s+)["'“(]*$/u.test(content.slice(Math.max(0, stop - 30), stop - 1));
  if (/^\d{1,3}$/.test(bare) && stop - bare.length <= first) return false;
  const after = content.slice(end, end + 16);
  if (DAY.test(bare) && GERMAN_MONTH.test(after)) return false;
  // "z. B." is written with a space, too.
  if (bare === "z" && /^\s+B\./.test(after)) return false;
  if (GERMAN_STREET.test(bare)) return false;
  const folded = bare.toLowerCase();
  if (!ABBREVIATIONS.has(folded)) return true;
  return OFTEN_LAST.has(folded) && /\p{Lu}/u.test(next);
}

/** Trims the span and cuts it where it is too long. */
function pushBounded(text: string, span: Span, maxLength: number, into: Span[]): void {
  let { start, end } = span;
  while (start < end && isSpace(text, start)) start += 1;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  while (end - start > maxLength) {
    let cut = start + maxLength;
    while (cut > start + maxLength / 2 && !isSpace(text, cut)) cut -= 1;
    if (!isSpace(text, cut)) cut = startsInsidePair(text, start + maxLength) ? start + maxLength - 1 : start + maxLength;
    if (cut <= start) cut = start + maxLength;
    pushTrimmed(text, start, cut, into);
    start = cut;
    while (start < end && isSpace(text, start)) start += 1;
  }
  if (end > start) into.push({ start, end });
}

function pushTrimmed(text: string, start: number, cut: number, into: Span[]): void {
  let end = cut;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  if (end > start) into.push({ start, end });
}

function startsInsidePair(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) || (code >= 0x80 && /\s/.test(text.charAt(at)));
}
