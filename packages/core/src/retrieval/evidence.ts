/** Absolute evidence: how much of a question a passage holds, comparable between searches and between collections of any size. */
import { inverseDocumentFrequency } from "../lexical/bm25.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { EvidenceSignals } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { ChunkEntry } from "./chunk-entry.ts";
import { EVERYDAY_WEIGHT, isEverydayWord } from "./everyday-words.ts";
import type { IndexState } from "./index-state.ts";

/** Gives the evidence of one passage. @param semanticSimilarity its cosine with the question. */
export type EvidenceOf = (entry: ChunkEntry, semanticSimilarity: number) => EvidenceSignals;

/** Neighbours of the question that stand further apart than this many terms in the passage are not beside each other. */
const PHRASE_WINDOW = 3;
/** A longer question is judged by its beginning. */
const MAX_CHARS = 20_000;
const MAX_TERMS = 256;

interface QuestionTerm {
  /** Number in the vocabulary; -1 for a term that the collection lacks. */
  readonly id: number;
  /** Inverse document frequency, less for an everyday word. A term that the collection lacks counts as the rarest possible. */
  readonly weight: number;
}

/** Reads the question once; the result judges any number of passages. */
export function createEvidence(question: string, state: IndexState, analyzer: Analyzer, vocabulary: Vocabulary): EvidenceOf {
  const sequence = readQuestion(question, state, analyzer, vocabulary);
  const terms = [...new Map(sequence.map((term) => [term.name, term])).values()];
  const mass = terms.reduce((sum, { weight }) => sum + weight, 0);
  const knownTerms = terms.length === 0 ? 0 : terms.filter(({ id }) => id >= 0).length / terms.length;
  return (entry, semanticSimilarity) => ({
    termCoverage: shareOf(
      terms.filter(({ id }) => id >= 0 && includesSorted(entry.counts.ids, id)),
      mass,
    ),
    phraseCoverage: phraseCoverage(sequence, entry),
    semanticSimilarity,
    knownTerms,
  });
}

function readQuestion(
  question: string,
  { words, entries }: IndexState,
  analyzer: Analyzer,
  vocabulary: Vocabulary,
): (QuestionTerm & { readonly name: string })[] {
  return analyzer
    .tokens(question.slice(0, MAX_CHARS))
    .slice(0, MAX_TERMS)
    .map(({ term, start, end }) => {
      const id = vocabulary.find(term) ?? -1;
      const frequency = id < 0 ? 0 : words.documentFrequency(id);
      const rarity = inverseDocumentFrequency(entries.length, frequency);
      return { name: term, id: frequency > 0 ? id : -1, weight: isEverydayWord(question.slice(start, end)) ? rarity * EVERYDAY_WEIGHT : rarity };
    });
}

function shareOf(terms: readonly QuestionTerm[], mass: number): number {
  return mass === 0 ? 0 : Math.min(1, terms.reduce((sum, { weight }) => sum + weight, 0) / mass);
}

/** Share of the question's neighbouring pairs, by weight, that also stand close to each other in the passage. */
function phraseCoverage(sequence: readonly QuestionTerm[], { sequence: passage }: ChunkEntry): number {
  const pairs = sequence
    .slice(1)
    .map((second, index) => ({ first: sequence[index]?.id ?? -1, second: second.id, weight: second.weight + (sequence[index]?.weight ?? 0) }));
  const mass = pairs.reduce((sum, { weight }) => sum + weight, 0);
  const asked = new Set(sequence.map(({ id }) => id));
  const positions = new Map<number, number[]>();
  for (const [at, id] of passage.entries()) {
    if (!asked.has(id)) continue;
    const known = positions.get(id);
    if (known === undefined) positions.set(id, [at]);
    else known.push(at);
  }
  const stands = ({ first, second }: { readonly first: number; readonly second: number }): boolean =>
    first !== second && areClose(positions.get(first) ?? [], positions.get(second) ?? []);
  return mass === 0 ? 0 : pairs.filter(stands).reduce((sum, { weight }) => sum + weight, 0) / mass;
}

/** Both lists ascend; walks them together. */
function areClose(left: readonly number[], right: readonly number[]): boolean {
  let at = 0;
  for (const position of left) {
    while (at < right.length && (right[at] ?? 0) < position - PHRASE_WINDOW) at += 1;
    if (at < right.length && (right[at] ?? 0) <= position + PHRASE_WINDOW) return true;
  }
  return false;
}

function includesSorted(ids: Uint32Array, id: number): boolean {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = ids[middle] ?? 0;
    if (at === id) return true;
    if (at < id) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
