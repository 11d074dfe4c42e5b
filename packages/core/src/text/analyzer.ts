/** Turns text into index terms: Unicode words, folded, without stop words, stemmed; scripts without spaces as character bigrams. */
import { stemmer } from "stemmer";
import { stopWordName } from "./stop-word-names.ts";
import { STOP_WORDS } from "./stop-words.ts";

/** One index term and where its source stands in the text, in UTF-16 units. */
export interface Token {
  readonly term: string;
  readonly start: number;
  readonly end: number;
}

export interface AnalyzerOptions {
  /** Words to leave out unless they spell a name ("US", "in May"), lower case and without apostrophes. Default: {@link STOP_WORDS}. */
  readonly stopWords?: ReadonlySet<string> | undefined;
  /** Reduces a folded word to its stem. Default: Porter's algorithm for words of ASCII letters. */
  readonly stem?: ((word: string) => string) | undefined;
}

export interface Analyzer {
  /** The terms of `text`, in order, repetitions kept. */
  terms(text: string): string[];
  /** The same terms with their offsets; parts of one word share its offsets. */
  tokens(text: string): Token[];
}

/** A run of letters, digits and marks; inner apostrophes belong to the word ("don't", "O'Brien"). */
const WORD = /[\p{L}\p{N}\p{M}]+(?:['’]\p{L}+)*/gu;
/** Scripts written without spaces (and Hangul, whose particles stick to the word): bigrams find what word lists would. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}ー]+/u;
const UNSPACED_RUN = new RegExp(UNSPACED.source, "gu");
const ASCII_LETTERS = /^[a-z]+$/;
const COMBINING_MARKS = /[\u0300-\u036f]/g;
const NOT_TERM = /[^\p{L}\p{N}\p{M}]+/u;

/** Entries after which the memo of word forms starts anew, so that a hostile corpus cannot grow it without end. */
const MEMO_LIMIT = 200_000;
/** Longer "words" are data (base64, hashes); their beginning, in UTF-16 units, identifies them well enough. */
const MAX_WORD_LENGTH = 64;

/**
 * Creates an analyzer; it remembers word forms, so share one per index.
 *
 * @example
 * createAnalyzer().terms("The cats' naïve questions"); // ["cat", "naiv", "question"]
 */
export function createAnalyzer(options: AnalyzerOptions = {}): Analyzer {
  const stopWords = options.stopWords ?? STOP_WORDS;
  const stem = options.stem ?? ((word: string) => (ASCII_LETTERS.test(word) ? stemmer(word) : word));
  const memo = new Map<string, readonly string[]>();

  const analyzePart = (part: string, terms: string[]): void => {
    if (part !== "" && !stopWords.has(part)) terms.push(stem(part));
  };

  const analyzeWord = (raw: string): string[] => {
    const word = foldWord(raw);
    const terms: string[] = [];
    if (stopWords.has(word.replaceAll("'", ""))) return terms;
    for (const part of word.replace(/'s$/, "").split(NOT_TERM)) analyzePart(part, terms);
    return terms;
  };

  const termsOfWord = (whole: string): readonly string[] => {
    const raw = whole.length > MAX_WORD_LENGTH ? shorten(whole) : whole;
    const known = memo.get(raw);
    if (known !== undefined) return known;
    const terms = analyzeWord(raw);
    if (memo.size >= MEMO_LIMIT) memo.clear();
    memo.set(raw, terms);
    return terms;
  };

  const visit = (text: string, emit: (term: string, start: number, end: number) => void): void => {
    let before: number | undefined;
    for (const match of text.matchAll(WORD)) {
      const raw = match[0];
      const start = match.index;
      const name = stopWordName(text, raw, start, before);
      before = start + raw.length;
      // Neither remembered, for it depends on the surroundings, nor stemmed, for it is a name.
      if (name !== undefined && stopWords.has(name)) emit(name, start, before);
      else if (!memo.has(raw) && UNSPACED.test(raw)) visitUnspaced(raw, start, termsOfWord, emit);
      else for (const term of termsOfWord(raw)) emit(term, start, start + raw.length);
    }
  };

  return {
    terms(text) {
      const terms: string[] = [];
      visit(text, (term) => terms.push(term));
      return terms;
    },
    tokens(text) {
      const tokens: Token[] = [];
      visit(text, (term, start, end) => tokens.push({ term, start, end }));
      return tokens;
    },
  };
}

/** The first units of a word, without half a character at the end. */
function shorten(word: string): string {
  const code = word.charCodeAt(MAX_WORD_LENGTH - 1);
  return word.slice(0, code >= 0xd800 && code <= 0xdbff ? MAX_WORD_LENGTH - 1 : MAX_WORD_LENGTH);
}

/** Lower case, compatibility forms unified, accents of Latin, Greek and Cyrillic letters removed, one apostrophe. */
function foldWord(raw: string): string {
  const lower = raw.toLowerCase();
  if (/^[a-z0-9]+$/.test(lower)) return lower;
  return lower.replaceAll("’", "'").normalize("NFKD").replace(COMBINING_MARKS, "").normalize("NFKC").toLowerCase();
}

/** Splits a run that holds unspaced script into bigrams of it and ordinary words between. */
function visitUnspaced(
  raw: string,
  start: number,
  termsOfWord: (word: string) => readonly string[],
  emit: (term: string, start: number, end: number) => void,
): void {
  let done = 0;
  const emitPlain = (end: number): void => {
    if (end > done) for (const term of termsOfWord(raw.slice(done, end))) emit(term, start + done, start + end);
  };
  for (const run of raw.matchAll(UNSPACED_RUN)) {
    emitPlain(run.index);
    done = run.index + run[0].length;
    emitBigrams(run[0], start + run.index, emit);
  }
  emitPlain(raw.length);
}

function emitBigrams(run: string, start: number, emit: (term: string, start: number, end: number) => void): void {
  const characters = [...run];
  let position = start;
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    if (next !== undefined) emit((character + next).normalize("NFKC"), position, position + character.length + next.length);
    else if (characters.length === 1) emit(character.normalize("NFKC"), position, position + character.length);
    position += character.length;
  }
}
