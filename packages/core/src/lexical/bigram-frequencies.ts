/** In how many texts two terms stand side by side, approximately, in constant memory. */
import type { Pacer } from "../pacing.ts";

export interface BigramFrequencies {
  /** Number of texts with `first` directly before `second`; never too low, a little too high where hashes meet. */
  documentFrequency(first: number, second: number): number;
}

/** Counts distinct pairs of neighbours of each sequence in a hashed table. */
export async function countBigrams(sequences: readonly { readonly sequence: Uint32Array }[], pacer: Pacer): Promise<BigramFrequencies> {
  let total = 0;
  for (const { sequence } of sequences) total += sequence.length;
  const bits = Math.min(22, Math.max(10, Math.ceil(Math.log2(total + 1))));
  const shift = 32 - bits;
  const frequencies = new Uint32Array(2 ** bits);
  const seenIn = new Uint32Array(2 ** bits);
  const slot = (first: number, second: number): number => Math.imul(Math.imul(first + 1, 0x9e3779b1) ^ (second + 1), 0x85ebca6b) >>> shift;
  for (const [index, { sequence }] of sequences.entries()) {
    for (let at = 1; at < sequence.length; at += 1) {
      const bucket = slot(sequence[at - 1] ?? 0, sequence[at] ?? 0);
      if (seenIn[bucket] === index + 1) continue;
      seenIn[bucket] = index + 1;
      frequencies[bucket] = (frequencies[bucket] ?? 0) + 1;
    }
    if (pacer.spend(sequence.length * 10)) await pacer.pause();
  }
  return { documentFrequency: (first, second) => frequencies[slot(first, second)] ?? 0 };
}
