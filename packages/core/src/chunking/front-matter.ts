/** Finds the front matter of a Markdown text: YAML between two rules on its first lines. */
import { lineEnd } from "./white-space.ts";

/** Front matter that has not ended by then is none, in UTF-16 units. */
const MAX_CHARS = 20_000;
/** How much of a line tells what it is, in UTF-16 units. */
const MAX_LINE_CHARS = 100;

const OPENING = /^\uFEFF?---[ \t]*\r?\n/;
const CLOSING = /^(?:---|\.\.\.)\s*$/;
const KEY = /^["']?[\p{L}\p{N}_][^:]*:(?:\s|$)/u;
const COMMENT_OR_BLANK = /^(?:#|\s*$)/;

/**
 * Where the front matter (`---` … `---` on the first lines) ends; 0 when there is none.
 * Its first line is a key, a comment above one, or its end: under a mere rule there is a blank line or prose.
 */
export function frontMatterEnd(text: string): number {
  const opening = OPENING.exec(text.slice(0, MAX_LINE_CHARS));
  if (opening === null) return 0;
  const first = opening[0].length;
  let hasKey = false;
  for (let at = first; at < text.length && at < MAX_CHARS; ) {
    const stop = lineEnd(text, at);
    const line = text.slice(at, Math.min(stop, at + MAX_LINE_CHARS));
    if (stop - at < MAX_LINE_CHARS && CLOSING.test(line)) return hasKey || at === first ? stop : 0;
    if (!hasKey && !KEY.test(line) && !(COMMENT_OR_BLANK.test(line) && (at > first || line.startsWith("#")))) return 0;
    hasKey ||= KEY.test(line);
    at = stop + 1;
  }
  return 0;
}
