/** A question as the index sees it: numbered terms, their weights, and its place in the semantic space. */
import { inverseDocumentFrequency } from "../lexical/bm25.ts";
import { characterGrams } from "../lexical/character-grams.ts";
import { countTerms, type TermCounts } from "../lexical/term-counts.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { PreparedVector } from "../semantic/semantic-index.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { IndexState } from "./index-state.ts";

export interface AnalyzedQuery {
  /** Distinct terms that occur in the collection, ascending. */
  readonly terms: TermCounts;
  /** Inverse document frequency of each of `terms`. */
  readonly idf: Float32Array;
  /** Pairs of known terms that stand side by side in the question. */
  readonly bigrams: readonly QueryBigram[];
  /** 4-grams of the terms, unknown ones included, with their counts. */
  readonly grams: ReadonlyMap<number, number>;
  /** Sum of the inverse document frequencies of all distinct terms; an unknown term counts as the rarest possible. */
  readonly idfMass: number;
  /** Absent without a trained space, or when the question shares no term with it. */
  readonly vector: PreparedVector | undefined;
}

export interface QueryBigram {
  readonly first: number;
  readonly second: number;
  readonly idf: number;
}

/** Further terms of an overlong question are ignored: they would cost time and sharpen nothing. */
const MAX_QUERY_TERMS = 512;
/** Characters of a question that are read at all. */
const MAX_QUERY_LENGTH = 20_000;

export function analyzeQuery(query: string, state: IndexState, analyzer: Analyzer, vocabulary: Vocabulary): AnalyzedQuery {
  const { words, semantic } = state;
  const names = analyzer.terms(query.slice(0, MAX_QUERY_LENGTH)).slice(0, MAX_QUERY_TERMS);
  const sequence = names.map((name) => {
    const id = vocabulary.find(name);
    return id !== undefined && words.documentFrequency(id) > 0 ? id : -1;
  });
  const terms = countTerms(sequence.filter((id) => id >= 0));
  const idf = Float32Array.from(terms.ids, (id) => words.inverseDocumentFrequency(id));
  const unknown = new Set(names.filter((_, index) => sequence[index] === -1)).size;
  const unseen = inverseDocumentFrequency(words.documentCount, 0);
  return {
    terms,
    idf,
    bigrams: findBigrams(sequence, state),
    grams: countGrams(names, state.grams),
    idfMass: idf.reduce((sum, value) => sum + value, 0) + unknown * unseen,
    vector: semantic === undefined ? undefined : embedQuery(terms, semantic),
  };
}

function findBigrams(sequence: readonly number[], state: IndexState): QueryBigram[] {
  const { documentCount } = state.words;
  const bigrams = new Map<string, QueryBigram>();
  for (const [index, second] of sequence.entries()) {
    const first = sequence[index - 1] ?? -1;
    if (first < 0 || second < 0) continue;
    const frequency = state.bigrams.documentFrequency(first, second);
    if (frequency === 0) continue;
    // A hashed count may exceed what is possible.
    const idf = inverseDocumentFrequency(documentCount, Math.min(frequency, documentCount));
    bigrams.set(`${first} ${second}`, { first, second, idf });
  }
  return [...bigrams.values()];
}

function countGrams(names: readonly string[], vocabulary: Vocabulary): Map<number, number> {
  const counts = new Map<number, number>();
  for (const name of names) {
    for (const gram of characterGrams(name)) {
      const id = vocabulary.find(gram);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

function embedQuery(terms: TermCounts, semantic: NonNullable<IndexState["semantic"]>): PreparedVector | undefined {
  const vector = new Float32Array(semantic.model.rank);
  semantic.model.embed(terms, vector);
  const prepared = semantic.prepare(vector);
  return prepared.inverseNorms.some((norm) => norm > 0) ? prepared : undefined;
}
