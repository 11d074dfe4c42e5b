/** Character 4-grams of terms: evidence that survives spelling, inflection and compounding. */
import type { Pacer } from "../pacing.ts";
import type { TermCounts } from "./term-counts.ts";
import { createVocabulary, type Vocabulary } from "./vocabulary.ts";

const GRAM_LENGTH = 4;

/** The 4-grams of a term; a shorter term is its own only gram. */
export function characterGrams(term: string): string[] {
  if (term.length <= GRAM_LENGTH) return [term];
  return Array.from({ length: term.length - GRAM_LENGTH + 1 }, (_, at) => term.slice(at, at + GRAM_LENGTH));
}

export interface CharacterGrams {
  readonly grams: Vocabulary;
  /** Counts of the grams of a text, from the counts of its terms. The result is valid until the next call. */
  gramCounts(counts: TermCounts): TermCounts;
}

/** Terms to be related to their grams. */
export interface GramSource {
  readonly vocabulary: Vocabulary;
  /** Every term in use is below it. */
  readonly termCount: number;
  /** The others get no grams: going through all words there ever were made every refresh slower than the one before. */
  isInUse(term: number): boolean;
}

/** Relates the terms in use to their grams. */
export async function relateGrams({ vocabulary, termCount, isInUse }: GramSource, pacer: Pacer): Promise<CharacterGrams> {
  const grams = createVocabulary();
  const offsets = new Uint32Array(termCount + 1);
  const related: number[] = [];
  for (let term = 0; term < termCount; term += 1) {
    const inUse = isInUse(term);
    if (inUse) for (const gram of characterGrams(vocabulary.termAt(term))) related.push(grams.add(gram));
    offsets[term + 1] = related.length;
    if (pacer.spend(inUse ? 500 : 5)) await pacer.pause();
  }
  const gramIds = Uint32Array.from(related);
  const tally = new Uint32Array(grams.size);
  let ids = new Uint32Array(1024);
  let counts = new Uint32Array(1024);

  return {
    grams,
    gramCounts(terms) {
      let distinct = 0;
      let length = 0;
      for (let index = 0; index < terms.ids.length; index += 1) {
        const term = terms.ids[index] ?? 0;
        const count = terms.counts[index] ?? 0;
        const end = offsets[term + 1] ?? 0;
        for (let at = offsets[term] ?? 0; at < end; at += 1) {
          const gram = gramIds[at] ?? 0;
          const before = tally[gram] ?? 0;
          tally[gram] = before + count;
          length += count;
          if (before > 0) continue;
          if (distinct === ids.length) {
            ids = doubled(ids);
            counts = doubled(counts);
          }
          ids[distinct] = gram;
          distinct += 1;
        }
      }
      for (let index = 0; index < distinct; index += 1) {
        const gram = ids[index] ?? 0;
        counts[index] = tally[gram] ?? 0;
        tally[gram] = 0;
      }
      return { ids: ids.subarray(0, distinct), counts: counts.subarray(0, distinct), length };
    },
  };
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
