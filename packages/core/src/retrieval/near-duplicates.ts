/** Finds chunks that say the same: a min-hash sketch rules pairs out cheaply, exact shingle overlap decides. */

/** Terms per shingle. */
const SHINGLE = 3;
const SKETCH_SIZE = 16;
/** Equal sketch entries below which the exact comparison is not worth making: an overlap of .9 gives 14.4 of 16 on average. */
const SKETCH_SUSPICION = 11;
/** Jaccard overlap of shingles from which two chunks count as near-duplicates. */
const NEAR_DUPLICATE_OVERLAP = 0.9;

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

/** The parts of an entry that decide whether two are near-duplicates. */
export interface Shingled {
  readonly sequence: Uint32Array;
  readonly sketch: Uint32Array;
}

/** Whether the two have the same terms in the same order, or share at least nine tenths of their shingles. */
export function areNearDuplicates(left: Shingled, right: Shingled): boolean {
  if (left.sequence.length === 0 || right.sequence.length === 0) return false;
  let equal = 0;
  for (let at = 0; at < SKETCH_SIZE; at += 1) if (left.sketch[at] === right.sketch[at]) equal += 1;
  if (equal < SKETCH_SUSPICION) return false;
  const leftShingles = new Set(shingleHashes(left.sequence));
  const rightShingles = new Set(shingleHashes(right.sequence));
  let shared = 0;
  for (const shingle of leftShingles) if (rightShingles.has(shingle)) shared += 1;
  return shared >= NEAR_DUPLICATE_OVERLAP * (leftShingles.size + rightShingles.size - shared);
}

/** One hash for each run of {@link SHINGLE} terms; a shorter text is one shingle. */
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
