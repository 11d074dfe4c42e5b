/** How well each sentence of the retrieved passages answers a question. */
import { inverseDocumentFrequency } from "../lexical/bm25.ts";
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { splitSentences } from "../text/sentences.ts";
import { holdsAnswerType } from "./answer-type.ts";
import type { AnalysedQuestion } from "./question.ts";
import { type CanonicalTerm, createCanonicalTerm } from "./verb-forms.ts";

/** Weights of the parts of a sentence's score; each part lies in 0..1, and the sentence's own share of the question has weight 1. */
export interface SentenceWeights {
  /** Share of the question that only the sentence before holds; that of the one after counts half. */
  readonly neighbours: number;
  /** Share that the sentence before, the title or the headings hold, for a sentence that begins with a pronoun ("It was built in 1889."). */
  readonly antecedent: number;
  /** Share of the question's pairs of neighbours that stand close to each other. */
  readonly phrases: number;
  /** Share that only the title and the headings hold. */
  readonly headings: number;
  /** Share that the whole passage holds, its title and headings included. */
  readonly coverage: number;
  /** Something of the kind that is asked for, and not already in the question. */
  readonly answerType: number;
  /** Score of the passage beside that of the best passage. */
  readonly passage: number;
  /** Taken off a fragment of a sentence, such as a caption or a cell. */
  readonly fragment: number;
  /** For a further sentence: share of the question that it holds and those chosen before it do not. */
  readonly novelty: number;
}

/** `bench/answer-tuning.ts` shows how they came about. */
export const DEFAULT_SENTENCE_WEIGHTS: SentenceWeights = {
  neighbours: 0.3,
  antecedent: 0.4,
  phrases: 0.5,
  headings: 0.2,
  coverage: 1,
  answerType: 0.25,
  passage: 0.2,
  fragment: 0.2,
  novelty: 0.75,
};

/** A sentence of a passage, with offsets into the document. */
export interface ScoredSentence {
  /** 0-based rank of the hit. */
  readonly rank: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly score: number;
  /** The question's terms that it holds, with the share of the question that each one is; none when all of them came from a rewrite. */
  readonly covered: ReadonlyMap<string, number>;
}

/** Of an analysed term. */
export type InverseDocumentFrequency = (term: string) => number;

const HEADING = /^#{1,6}\s/;
/** The line between the header of a Markdown table and its rows. */
const TABLE_DELIMITER = /^\|(?:\s*:?-+:?\s*\|)+$/;
const PRONOUN_FIRST = /^["'“‘(]?(?:It|Its|They|Their|He|His|She|Her|This|These|Those|Such|The (?:latter|former|same))\b/;
/** Terms further apart than this do not stand beside each other. */
const PHRASE_WINDOW = 4;
/** What the conversation is about chooses the passage; which sentence of it answers is told by what is asked now. */
const CONTEXT_SHARE = 0.5;
/** A sentence of fewer terms is a fragment. */
const FRAGMENT_TERMS = 3;

interface AnalysedSentence {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly sequence: readonly string[];
  readonly terms: ReadonlySet<string>;
}

const NO_TERMS: ReadonlySet<string> = new Set();
const NOTHING: ReadonlyMap<string, number> = new Map();

/**
 * Scores every sentence of every hit.
 *
 * @returns the sentences in the order of the passages, not of their scores; headings only where a passage has nothing else.
 */
export function scoreSentences(
  question: AnalysedQuestion,
  hits: readonly SearchHit[],
  analyzer: Analyzer,
  idf: InverseDocumentFrequency,
  weights: SentenceWeights = DEFAULT_SENTENCE_WEIGHTS,
): ScoredSentence[] {
  const canonical = createCanonicalTerm(analyzer);
  const mass = new Map<string, number>();
  for (const [term, weight] of question.termWeights) {
    const value = weight * idf(term) * (question.ownTerms.has(term) ? 1 : CONTEXT_SHARE);
    mass.set(canonical(term), Math.max(value, mass.get(canonical(term)) ?? 0));
  }
  // A follow-up of mere pronouns ("And where was he from?") is not answered by whatever names its topic once more.
  const isAsked = question.ownTerms.size > 0;
  const whole = isAsked ? 1 : 1 / CONTEXT_SHARE;
  const total = Math.max(whole * [...mass.values()].reduce((sum, value) => sum + value, 0), Number.MIN_VALUE);
  const share = (holds: (term: string) => boolean): number => {
    let sum = 0;
    for (const [term, value] of mass) if (holds(term)) sum += value;
    return sum / total;
  };
  const phraseShare = createPhraseShare(question, mass, canonical);
  const isKnown = (name: string): boolean => analyzer.terms(name).every((term) => mass.has(canonical(term)));
  const topScore = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE);

  return hits.flatMap((hit, rank) => {
    const sentences = analyseHit(hit, analyzer, canonical);
    const headings = new Set(analyzer.terms([hit.chunk.title, ...hit.chunk.headingPath].join("\n")).map(canonical));
    const coverage = share((term) => headings.has(term) || sentences.some(({ terms }) => terms.has(term)));
    return sentences.map((sentence, position) => {
      const before = sentences[position - 1]?.terms ?? NO_TERMS;
      const after = sentences[position + 1]?.terms ?? NO_TERMS;
      const lacks = (term: string): boolean => !sentence.terms.has(term);
      const fromBefore = share((term) => lacks(term) && before.has(term));
      const fromAfter = share((term) => lacks(term) && !before.has(term) && after.has(term));
      const fromHeadings = share((term) => lacks(term) && headings.has(term));
      const score =
        share((term) => sentence.terms.has(term)) +
        weights.neighbours * (fromBefore + fromAfter / 2) +
        weights.antecedent * (PRONOUN_FIRST.test(sentence.text) ? Math.min(1, fromBefore + fromHeadings) : 0) +
        weights.phrases * phraseShare(sentence.sequence) +
        weights.headings * fromHeadings +
        weights.coverage * coverage +
        weights.answerType * (holdsAnswerType(sentence.text, question.answerType, isKnown) ? 1 : 0) +
        weights.passage * (hit.score / topScore) -
        weights.fragment * (sentence.sequence.length < FRAGMENT_TERMS ? 1 : 0);
      const covered = isAsked
        ? new Map([...mass].filter(([term]) => sentence.terms.has(term)).map(([term, value]) => [term, value / total]))
        : NOTHING;
      return { rank, start: sentence.start, end: sentence.end, text: sentence.text, score, covered };
    });
  });
}

function analyseHit({ chunk }: SearchHit, analyzer: Analyzer, canonical: CanonicalTerm): AnalysedSentence[] {
  const spans = splitSentences(chunk.text);
  const textAt = (index: number): string => chunk.text.slice(spans[index]?.start, spans[index]?.end ?? 0);
  // The names of the columns say nothing by themselves; a row does.
  const prose = spans.filter(
    (_, index) => !HEADING.test(textAt(index)) && !TABLE_DELIMITER.test(textAt(index)) && !TABLE_DELIMITER.test(textAt(index + 1)),
  );
  return (prose.length > 0 ? prose : spans).map(({ start, end }) => {
    const text = chunk.text.slice(start, end);
    const sequence = analyzer.terms(text).map(canonical);
    return { start: chunk.start + start, end: chunk.start + end, text, sequence, terms: new Set(sequence) };
  });
}

/** Share of the pairs of neighbours in the question as it was asked, by weight, that a sentence holds close together. */
function createPhraseShare({ ownTerms }: AnalysedQuestion, mass: ReadonlyMap<string, number>, canonical: CanonicalTerm) {
  const asked = [...ownTerms].map(canonical);
  const pairs = asked.slice(1).map((second, index) => {
    const first = asked[index] ?? "";
    return { first, second, weight: (mass.get(first) ?? 0) + (mass.get(second) ?? 0) };
  });
  const total = pairs.reduce((sum, { weight }) => sum + weight, 0);
  return (sequence: readonly string[]): number => {
    if (total === 0) return 0;
    let sum = 0;
    for (const { first, second, weight } of pairs) {
      const isClose = sequence.some(
        (term, at) => term === second && sequence.slice(Math.max(0, at - PHRASE_WINDOW), at + PHRASE_WINDOW + 1).includes(first),
      );
      if (isClose) sum += weight;
    }
    return sum / total;
  };
}

/** Over the sentences of the given passages, for want of the whole collection's. */
export function createLocalInverseDocumentFrequency(hits: readonly SearchHit[], analyzer: Analyzer): InverseDocumentFrequency {
  const counts = new Map<string, number>();
  let sentenceCount = 0;
  for (const { chunk } of hits) {
    for (const { start, end } of splitSentences(chunk.text)) {
      sentenceCount += 1;
      for (const term of new Set(analyzer.terms(chunk.text.slice(start, end)))) counts.set(term, (counts.get(term) ?? 0) + 1);
    }
  }
  return (term) => inverseDocumentFrequency(sentenceCount, counts.get(term) ?? 0);
}
