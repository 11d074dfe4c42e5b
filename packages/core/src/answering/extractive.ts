/** The answerer without a model: quotes the sentences that answer best, word for word, each with its citation. */
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { CitationBinder } from "./citation-binder.ts";
import type { AnalysedQuestion } from "./question.ts";
import {
  DEFAULT_SENTENCE_WEIGHTS,
  type InverseDocumentFrequency,
  type ScoredSentence,
  type SentenceWeights,
  scoreSentences,
} from "./sentence-scores.ts";
import { answersAtAll } from "./sufficiency.ts";

/** Sentences quoted at most. */
const MAX_QUOTES = 3;
/** A further sentence is quoted when it is worth at least this share of the first one. */
const WORTH_QUOTING = 0.5;

/** Share of the question from which a sentence is said to add something. */
const WORTH_ADDING = 0.05;

/** A sentence to be quoted, with the number of its source. */
export interface Quote {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The sentences to quote, best first. After the first, what a sentence adds counts more than how good it is: "Why was it bought, and
 * what broke?" is seldom answered in one place.
 *
 * @returns none when what would be quoted does not answer at all.
 */
export function chooseQuotes(
  question: AnalysedQuestion,
  hits: readonly SearchHit[],
  analyzer: Analyzer,
  idf: InverseDocumentFrequency,
  weights: SentenceWeights = DEFAULT_SENTENCE_WEIGHTS,
): Quote[] {
  const left = new Set(scoreSentences(question, hits, analyzer, idf, weights));
  const chosen: ScoredSentence[] = [];
  const covered = new Set<string>();
  let worthQuoting = Number.NEGATIVE_INFINITY;
  while (chosen.length < MAX_QUOTES) {
    let best: Candidate | undefined;
    for (const sentence of left) {
      // A further sentence must speak of what is asked by itself, not only stand beside one that does.
      if (chosen.length > 0 && sentence.covered.size === 0) continue;
      const added = noveltyOf(sentence, covered);
      const candidate = { sentence, worth: sentence.score + weights.novelty * added, adds: added >= WORTH_ADDING };
      if (candidate.worth >= worthQuoting && (best === undefined || isBetter(candidate, best))) best = candidate;
    }
    if (best === undefined) break;
    if (chosen.length === 0) worthQuoting = best.worth * WORTH_QUOTING;
    chosen.push(best.sentence);
    left.delete(best.sentence);
    for (const term of best.sentence.covered.keys()) covered.add(term);
  }
  if (!answersAtAll(question, chosen)) return [];
  return chosen.map(({ rank, start, end, text }) => ({ number: rank + 1, start, end, text }));
}

interface Candidate {
  readonly sentence: ScoredSentence;
  readonly worth: number;
  /** Holds a part of the question that no sentence chosen before it holds. */
  readonly adds: boolean;
}

/** What says something new goes before what says the same again in other words. */
function isBetter(left: Candidate, right: Candidate): boolean {
  return left.adds === right.adds ? left.worth > right.worth : left.adds;
}

function noveltyOf(sentence: ScoredSentence, covered: ReadonlySet<string>): number {
  let sum = 0;
  for (const [term, share] of sentence.covered) if (!covered.has(term)) sum += share;
  return sum;
}

/** Each quote whose source still holds it, followed by its marker, a paragraph each. */
export async function* citeQuotes(quotes: readonly Quote[], binder: CitationBinder): AsyncGenerator<string, void, undefined> {
  let isFirst = true;
  for (const quote of quotes) {
    if (!(await binder.bind(quote.number, quote))) continue;
    yield `${isFirst ? "" : "\n\n"}${withoutForeignMarkers(quote.text)} [${quote.number}]`;
    isFirst = false;
  }
}

/** A number in brackets that stands in a document (a footnote, a reference list) must not pass for a citation of ours; `argv[1]` is code. */
function withoutForeignMarkers(text: string): string {
  return text.replace(/(?<![\p{L}\p{N}_)\]])\[(\d+(?:\s*[,–-]\s*\d+)*)\]/gu, "($1)");
}
