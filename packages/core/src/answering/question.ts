/** What a question asks for: its terms with their weights, and the kind of thing that would answer it. */
import { EVERYDAY_WEIGHT, isEverydayWord } from "../retrieval/everyday-words.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { type AnswerType, tellAnswerType } from "./answer-type.ts";

export interface AnalysedQuestion {
  /** Distinct terms in order, with what each counts for beside its rarity: less for everyday words, and for those that a rewrite added. */
  readonly termWeights: ReadonlyMap<string, number>;
  /** Terms of the question as it was asked; the others came from a rewrite. */
  readonly ownTerms: ReadonlySet<string>;
  readonly answerType: AnswerType;
}

/** Words taken over from earlier turns say what it is about; the new words say what is asked. */
const CONTEXT_WEIGHT = 0.5;
/** Terms of an overlong question that are read. */
const MAX_TERMS = 256;

/**
 * Analyses a question.
 *
 * @param question as it was asked.
 * @param standalone the same question with what earlier turns add to it; equal to `question` when nothing was rewritten.
 */
export function analyseQuestion(question: string, standalone: string, analyzer: Analyzer): AnalysedQuestion {
  const ownTerms = new Set(
    analyzer
      .tokens(question)
      .slice(0, MAX_TERMS)
      .map(({ term }) => term),
  );
  const termWeights = new Map<string, number>();
  for (const text of [question, standalone]) {
    for (const { term, start, end } of analyzer.tokens(text).slice(0, MAX_TERMS)) {
      if (termWeights.has(term)) continue;
      termWeights.set(term, (ownTerms.has(term) ? 1 : CONTEXT_WEIGHT) * (isEverydayWord(text.slice(start, end)) ? EVERYDAY_WEIGHT : 1));
    }
  }
  return { termWeights, ownTerms, answerType: tellAnswerType(question) };
}
