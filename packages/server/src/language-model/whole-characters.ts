/** Pieces of text cut between characters, never inside one. */

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/**
 * Passes the pieces on, holding back the first half of a surrogate pair until the second has come. A model writes in
 * tokens, which may end within an emoji; each piece alone is to be valid Unicode, because it is sent as UTF-8.
 * Half a pair that stays alone becomes U+FFFD.
 */
export async function* wholeCharacters(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let held = "";
  for await (const piece of pieces) {
    const text = held + piece;
    const isCut = isHighSurrogate(text.charCodeAt(text.length - 1));
    held = isCut ? text.slice(-1) : "";
    yield (isCut ? text.slice(0, -1) : text).toWellFormed();
  }
  if (held !== "") yield held.toWellFormed();
}
