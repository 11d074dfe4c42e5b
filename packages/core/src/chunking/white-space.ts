/** White space as JavaScript's `\s` has it, by position, without allocating. */

/** True when the UTF-16 unit at `at` is white space. */
export function isWhite(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

/** The first position in `[start, end)` that is not white space, or `end`. */
export function skipWhite(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isWhite(text, at)) at += 1;
  return at;
}

/** The position after the last unit of `[start, end)` that is not white space, or `start`. */
export function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isWhite(text, at - 1)) at -= 1;
  return at;
}

/** Columns that the white space `[start, end)` takes at the beginning of a line: a tab goes on to the next multiple of four. */
export function countColumns(text: string, start: number, end: number): number {
  let columns = 0;
  for (let at = start; at < end; at += 1) columns += text[at] === "\t" ? 4 - (columns % 4) : 1;
  return columns;
}

/** Where the line that begins at `start` ends: the position of its line feed, or the end of the text. */
export function lineEnd(text: string, start: number): number {
  const at = text.indexOf("\n", start);
  return at === -1 ? text.length : at;
}
