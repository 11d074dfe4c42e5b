/** Prefixes of paths as ranges of the index that orders paths, so that a page of a few folders reads no more than its own rows. */

/** Paths from `first` on, up to and without `end`. */
export interface PathRange {
  readonly first: string;
  readonly end: string;
}

const LAST_CODE_POINT = 0x10ffff;
/** After all paths: longer than the 4,096 bytes that one can have. */
const END = String.fromCodePoint(LAST_CODE_POINT).repeat(1_025);

/** The range that holds exactly the paths that begin with the prefix. */
export function pathRange(prefix: string): PathRange {
  return { first: prefix, end: endOf(prefix) };
}

/**
 * Ranges that hold exactly the paths that begin with one of the prefixes, each path once.
 *
 * @param prefixes undefined: all paths.
 */
export function pathRanges(prefixes: readonly string[] | undefined): PathRange[] {
  if (prefixes === undefined) return [pathRange("")];
  const distinct = [...new Set(prefixes)];
  const widest = distinct.filter((prefix) => !distinct.some((other) => other !== prefix && prefix.startsWith(other)));
  return widest.map(pathRange);
}

/** The first text, in the order of code points, that comes after all those that begin with the prefix. */
function endOf(prefix: string): string {
  const characters = [...prefix];
  for (let at = characters.length - 1; at >= 0; at -= 1) {
    const codePoint = characters[at]?.codePointAt(0) ?? LAST_CODE_POINT;
    if (codePoint < LAST_CODE_POINT) return characters.slice(0, at).join("") + String.fromCodePoint(codePoint === 0xd7ff ? 0xe000 : codePoint + 1);
  }
  return END;
}
