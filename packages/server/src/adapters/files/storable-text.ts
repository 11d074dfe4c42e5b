/** What PostgreSQL can store as text. */

/** Converted text with `\n` as line end, U+FFFD for half surrogate pairs, and without NUL: escapes in JSON and HTML can make all three. */
export function storable(text: string): string {
  const lines = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  return (lines.includes("\0") ? lines.replaceAll("\0", "") : lines).toWellFormed();
}
