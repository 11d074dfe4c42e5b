/** Finds chunks that say the same: a min-hash sketch rules pairs out cheaply, exact shingle overlap of all words decides. */
import { digestText } from "./fingerprint.ts";

/** Words per shingle. */
const SHINGLE = 3;
const SKETCH_SIZE = 16;
/** Equal sketch entries below which the exact comparison is not worth making: an overlap of .9 gives 14.4 of 16 on average. */
const SKETCH_SUSPICION = 11;
/** Jaccard overlap of shingles from which two chunks count as near-duplicates. */
const NEAR_DUPLICATE_OVERLAP = 0.9;
/** Shorter texts, in words, must be equal: there one word is a large part of what is said. */
const SHORT = 12;

/**
 * A number with its sign and its separators; a character of a script without spaces; or a run of letters, digits and marks.
 * Stop words stay: "is allowed" and "is not allowed" differ in nothing else.
 */
const WORD = /[-−]?\p{Nd}+(?:[.,:/]\p{Nd}+)*|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]|[\p{L}\p{N}\p{M}]+(?:['’]\p{L}+)*/gu;
/** Words that turn what is said, and whatever holds a digit: two texts that differ in one of them do not say the same, however long they are. */
const DECISIVE = /\p{N}|^(?:not|no|never|none|nor|neither|nothing|nobody|without|except|unless|cannot)$|n['’]t$/u;

/** Smallest hash of the text's shingles under each of sixteen hash functions (Broder 1997); all ones for an empty text. */
export function sketchShingles(sequence: ArrayLike<number>): Uint32Array {
  const sketch = new Uint32Array(SKETCH_SIZE).fill(0xffffffff);
  for (const shingle of shingleHashes(sequence)) {
    let hash = shingle;
    for (let at = 0; at < SKETCH_SIZE; at += 1) {
      hash = mix(hash + 0x9e3779b9);
      if (hash < (sketch[at] ?? 0)) sketch[at] = hash;
    }
  }
  return sketch;
}

/** What decides whether two texts are near-duplicates. */
export interface Wording {
  /** Hash of each word, case and compatibility forms folded, in order. */
  readonly words: Uint32Array;
  /** Hash of the numbers and negations in order. */
  readonly decisive: number;
  /** Of {@link sketchShingles}. */
  readonly sketch: Uint32Array;
}

export function readWording(text: string): Wording {
  const found = text.normalize("NFKC").toLowerCase().match(WORD) ?? [];
  const words = Uint32Array.from(found, (word) => digestText(word).first);
  return { words, decisive: digestText(found.filter((word) => DECISIVE.test(word)).join(" ")).first, sketch: sketchShingles(words) };
}

/** Whether the two have the same words in the same order or, if long, the same numbers and negations and nine tenths of their shingles. */
export function areNearDuplicates(left: Wording, right: Wording): boolean {
  if (left.words.length === 0 || right.words.length === 0 || left.decisive !== right.decisive) return false;
  if (Math.min(left.words.length, right.words.length) < SHORT) return haveEqualWords(left.words, right.words);
  let equal = 0;
  for (let at = 0; at < SKETCH_SIZE; at += 1) if (left.sketch[at] === right.sketch[at]) equal += 1;
  if (equal < SKETCH_SUSPICION) return false;
  const leftShingles = new Set(shingleHashes(left.words));
  const rightShingles = new Set(shingleHashes(right.words));
  let shared = 0;
  for (const shingle of leftShingles) if (rightShingles.has(shingle)) shared += 1;
  return shared >= NEAR_DUPLICATE_OVERLAP * (leftShingles.size + rightShingles.size - shared);
}

function haveEqualWords(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, at) => word === right[at]);
}

/** One hash for each run of {@link SHINGLE} words; a shorter text is one shingle. */
function shingleHashes(sequence: ArrayLike<number>): number[] {
  const hashes: number[] = [];
  if (sequence.length === 0) return hashes;
  for (let start = 0; start === 0 || start + SHINGLE <= sequence.length; start += 1) {
    let hash = 0x811c9dc5;
    for (let at = start; at < Math.min(start + SHINGLE, sequence.length); at += 1) hash = mix(hash ^ ((sequence[at] ?? 0) + 0x9e3779b9));
    hashes.push(hash);
  }
  return hashes;
}

/** The 32-bit finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
