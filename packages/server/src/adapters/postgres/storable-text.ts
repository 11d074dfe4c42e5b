/** Text as PostgreSQL can keep it: without NUL and without halves of surrogate pairs, which JavaScript strings may hold. */

/** U+FFFD, the sign for what could not be represented. */
const REPLACEMENT = "\uFFFD";

/**
 * Replaces each UTF-16 unit that PostgreSQL refuses by one that it takes. The length stays the same, and with it every offset.
 *
 * @example
 * toStorableText("a\0b"); // "a\uFFFDb"
 */
export function toStorableText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", REPLACEMENT) : wellFormed;
}

/** Whether PostgreSQL keeps the text as it is. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** What may be such a unit in JSON, which has no other way to write one; an escaped backslash before it may look the same. */
const MAYBE_UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/** JSON of a value whose strings, keys included, were made storable: `jsonb` refuses `\u0000` and `\ud800` even when escaped. */
export function toStorableJson(value: unknown): string {
  const json = JSON.stringify(value);
  // Nearly always, and several times faster than to look at every string.
  if (!MAYBE_UNSTORABLE.test(json)) return json;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "string") return toStorableText(inner);
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, entry]) => [toStorableText(key), entry]));
  });
}
