/** Cleans what a model writes, while it streams: finds citation markers, and leaves nothing that a renderer would load or follow. */

/** Text that may be shown, or the numbers of a citation marker in its place. */
export type FilteredPiece = { readonly kind: "text"; readonly text: string } | { readonly kind: "markers"; readonly numbers: readonly number[] };

export interface OutputFilterOptions {
  /** Never let through, in any spelling of case. */
  readonly secret: string;
  /** Addresses that stand in the sources; all others are taken out. */
  readonly allowedUrls: ReadonlySet<string>;
}

export interface OutputFilter {
  /** Takes the next piece of the model's text; gives back what is certain by now. */
  push(text: string): FilteredPiece[];
  /** The rest. */
  finish(): FilteredPiece[];
}

const REMOVED_LINK = "(link removed)";
/** Longer runs without a space are no word that could turn into something else. */
const MAX_HELD = 2_000;
/** Longer than the secret and than the beginning of an address. */
const MAX_BORDER = 100;

/** `[1]`, `[1, 2]`, `[2-4]`, `[^1]`, `[Source 1]`, `【1】`, `【1†source】`. */
const MARKER = /[[【]\s?(?:\^|sources?\s?|#)?(\d{1,4}(?:\s?(?:,|;|and|–|-)\s?(?:sources?\s?)?\d{1,4}){0,20})\s?(?:†[^\]】\n]{0,60})?[\]】]/iy;
/** What may still become a marker. */
const MARKER_BEGUN = /[[【][\s\d,;^#–a-z-]{0,60}(?:†[^\]】\n]{0,60})?$/iy;
const URL = /(?:[a-z][a-z0-9+.-]{1,30}:\/\/|www\.)[^\s<>"`]{0,2000}/iy;
const URL_ENDS = /[\s<>"`]/;
const URL_BEGINS = /[a-z][a-z0-9+.-]{1,30}:\/\/|www\./i;
/** No more than is held, so that the rest of a word without end is not gone through anew at each step. */
const WORD = /[a-z0-9+.:/_-]{1,2000}/iy;
const PUNCTUATION_AT_END = /[.,;:!?)\]}'*_]+$/;
const HIGH_SURROGATE = /[\ud800-\udbff]/;
const DESTINATION = /\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)/y;

/**
 * Creates a filter for one answer.
 *
 * What comes out keeps five invariants, however the input was cut into pieces: `]` is never followed by `(` or `:`, so there is no
 * Markdown link, image or reference definition; `!` is never followed by `[`; `<` is never followed by an ASCII letter, `/`, `!` or
 * `?`, so there is no HTML tag; there is no absolute address that does not stand in a source; and no text looks like a marker, even
 * when the markers between its parts are dropped.
 */
export function createOutputFilter(options: OutputFilterOptions): OutputFilter {
  const secret = options.secret.toLowerCase();
  let buffer = "";
  let space = "";
  let lastShown = "";
  /**
   * The text shown last ends with a bracket and digits alone: `[0` and `]` with a dropped marker between them must not become a
   * marker that has no citation.
   */
  let isNumberOpen = false;
  let inDroppedWord = false;
  let pieces: FilteredPiece[] = [];
  let text = "";

  function flushText(): void {
    if (text !== "") pieces.push({ kind: "text", text });
    text = "";
  }

  /** Adds text, with a space wherever two characters must not meet. White space waits for what follows it. */
  function show(addition: string): void {
    for (const character of addition) {
      if (/\s/.test(character)) {
        space += character;
        continue;
      }
      const completesMarker = isNumberOpen && (character === "]" || character === "】");
      if (space === "" && (completesMarker || mustNotMeet(lastShown, character))) text += " ";
      text += space + character;
      isNumberOpen = character === "[" || character === "【" || (isNumberOpen && space === "" && /\d/.test(character));
      space = "";
      lastShown = character;
    }
  }

  function showMarkers(list: string): void {
    flushText();
    const numbers = expandNumbers(list);
    // Should the marker be dropped, what stands before and after it must not meet either.
    if (space === "" && /[!<]/.test(lastShown)) space = " ";
    text = space;
    space = "";
    flushText();
    pieces.push({ kind: "markers", numbers });
    lastShown = "]";
  }

  function showUrl(url: string): void {
    const bare = url.replace(PUNCTUATION_AT_END, "");
    show(options.allowedUrls.has(bare) ? bare : REMOVED_LINK);
    show(url.slice(bare.length));
  }

  /** Handles what stands at `at`; returns the position after it, or -1 when more text is needed to tell. */
  function step(at: number, isFinal: boolean): number {
    const character = buffer[at] ?? "";
    if (inDroppedWord && !URL_ENDS.test(character)) return at + 1;
    inDroppedWord = false;
    if (character === "[" || character === "【") return stepBracket(at, isFinal);
    if (character === "(" && lastShown === "]" && space === "") return stepDestination(at, isFinal);
    if (/[a-z0-9+.:/_-]/i.test(character)) return stepWord(at, isFinal);
    if (HIGH_SURROGATE.test(character)) return stepPair(at, isFinal);
    show(character);
    return at + 1;
  }

  /** Half of a character would not survive being sent. */
  function stepPair(at: number, isFinal: boolean): number {
    if (at + 1 >= buffer.length && !isFinal) return -1;
    show(buffer.slice(at, at + 2));
    return at + 2;
  }

  function stepBracket(at: number, isFinal: boolean): number {
    MARKER.lastIndex = at;
    const marker = MARKER.exec(buffer);
    if (marker !== null) {
      showMarkers(marker[1] ?? "");
      return at + marker[0].length;
    }
    MARKER_BEGUN.lastIndex = at;
    if (!isFinal && MARKER_BEGUN.test(buffer)) return -1;
    show(buffer[at] ?? "");
    return at + 1;
  }

  function stepDestination(at: number, isFinal: boolean): number {
    DESTINATION.lastIndex = at;
    const destination = DESTINATION.exec(buffer)?.[0];
    if (destination === undefined) {
      if (!isFinal && buffer.length - at < MAX_HELD && !buffer.slice(at).includes("\n")) return -1;
      show("(");
      return at + 1;
    }
    const inner = destination.slice(1, -1).trim();
    // Words in brackets after a marker are text; one word is an address, and so is what bears a title or begins like one.
    if (/\s/.test(inner) && !/^[a-z][a-z0-9+.-]*:|^[</.#?]|["']$/i.test(inner)) {
      show("(");
      return at + 1;
    }
    if (options.allowedUrls.has(inner)) show(`(${inner})`);
    return at + destination.length;
  }

  function stepWord(at: number, isFinal: boolean): number {
    URL.lastIndex = at;
    const url = URL.exec(buffer)?.[0];
    WORD.lastIndex = at;
    const word = WORD.exec(buffer)?.[0] ?? "";
    const end = at + (url ?? word).length;
    if (end >= buffer.length && !isFinal && end - at < MAX_HELD) return -1;
    if (url !== undefined) {
      showUrl(url);
      // An address that goes on beyond what is held is dropped to its end, which may come with later pieces.
      inDroppedWord = end < buffer.length || !isFinal;
      return end;
    }
    const address = word.search(URL_BEGINS);
    if (address > 0) {
      show(withoutSecret(word.slice(0, address), secret));
      return at + address;
    }
    if (word.length < MAX_HELD) {
      show(withoutSecret(word, secret));
      return end;
    }
    // The end of an overlong word stays behind: an address or the secret may begin there.
    const found = word.toLowerCase().indexOf(secret);
    const length = found === -1 || found + secret.length <= MAX_HELD - MAX_BORDER ? MAX_HELD - MAX_BORDER : found;
    show(withoutSecret(word.slice(0, Math.max(length, secret.length)), secret));
    return at + Math.max(length, secret.length);
  }

  function drain(isFinal: boolean): FilteredPiece[] {
    pieces = [];
    let at = 0;
    while (at < buffer.length) {
      const next = step(at, isFinal);
      if (next === -1) break;
      at = next;
    }
    buffer = buffer.slice(at);
    flushText();
    return pieces;
  }

  return {
    push(addition) {
      buffer += addition;
      return drain(false);
    },
    finish() {
      return drain(true);
    },
  };
}

function mustNotMeet(left: string, right: string): boolean {
  if (left === "]" || left === "】") return right === "(" || right === ":";
  if (left === "!") return right === "[";
  return left === "<" && /[a-z/!?]/i.test(right);
}

function withoutSecret(word: string, secret: string): string {
  const at = word.toLowerCase().indexOf(secret);
  return secret === "" || at === -1 ? word : withoutSecret(word.slice(0, at) + word.slice(at + secret.length), secret);
}

function expandNumbers(list: string): number[] {
  const numbers = new Set<number>();
  for (const part of list.split(/,|;|and/i)) {
    const [first, last] = part.split(/[–-]/).map((text) => Number(/\d+/.exec(text)?.[0] ?? Number.NaN));
    if (first === undefined || Number.isNaN(first)) continue;
    const end = last === undefined || Number.isNaN(last) || last < first || last - first > 20 ? first : last;
    for (let number = first; number <= end; number += 1) numbers.add(number);
  }
  return [...numbers];
}
