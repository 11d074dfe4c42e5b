/** Markdown headings: finding them on a line, and the plain text of their titles. */
import { skipWhite } from "./white-space.ts";

/** Longer titles are shortened in heading paths; the text itself keeps them whole. */
const MAX_TITLE_CHARS = 200;
/** How much of a heading line is looked at to make the title. */
const MAX_SOURCE_CHARS = 800;

export interface Heading {
  /** 1 for the outermost, 6 for the innermost. */
  readonly level: number;
  readonly title: string;
}

/**
 * An ATX heading (`## Title`) on the line `[first, end)`, where `first` is its first character that is not white space.
 * Indentation is the caller's business.
 */
export function parseAtxHeading(text: string, first: number, end: number): Heading | undefined {
  let at = first;
  while (at < end && at - first < 7 && text[at] === "#") at += 1;
  const level = at - first;
  if (level === 0 || level > 6) return undefined;
  if (at < end && skipWhite(text, at, at + 1) === at) return undefined;
  const source = text.slice(at, Math.min(end, at + MAX_SOURCE_CHARS));
  return { level, title: plainTitle(source.trim().replace(/(?:^|\s)#+$/, "")) };
}

/** The level a Setext underline gives to the paragraph above it: `===` 1, `---` 2; undefined when the line is none. */
export function parseSetextUnderline(text: string, first: number, end: number): 1 | 2 | undefined {
  const mark = text[first];
  if (mark !== "=" && mark !== "-") return undefined;
  let at = first;
  while (at < end && text[at] === mark) at += 1;
  if (skipWhite(text, at, end) !== end) return undefined;
  return mark === "=" ? 1 : 2;
}

/** A title without Markdown's marks: links and images keep their words, emphasis and code lose their signs. */
export function plainTitle(source: string): string {
  const title = source
    .slice(0, MAX_SOURCE_CHARS)
    .replace(/\{#[^{}]*\}\s*$/, "")
    .replace(/!?\[([^[\]]*)\](?:\([^()]*\)|\[[^[\]]*\])/g, "$1")
    .replace(/<\/?[a-zA-Z][^<>]*>/g, "")
    .replace(/(\*\*|__|`)(?=\S)([^*_`]*)\1/g, "$2")
    .replace(/(?<![\w*])\*(?=\S)([^*]*)\*(?![\w*])/g, "$1")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
  return title.length <= MAX_TITLE_CHARS ? title : `${title.slice(0, MAX_TITLE_CHARS - 1).toWellFormed()}…`;
}
