/** Finds the sentence of a source that bears out a statement. */
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { splitSentences } from "../text/sentences.ts";
import type { QuotedSpan } from "./citation-binder.ts";
import type { InverseDocumentFrequency } from "./sentence-scores.ts";

/** Gives the span of the source that supports the statement best; offsets into the document. */
export type SupportFinder = (statement: string, hit: SearchHit) => QuotedSpan;

/** A second sentence is quoted too when it holds this share of the statement's weight that the first one lacks. */
const SECOND_SENTENCE_SHARE = 0.25;
/** Words of the question, which choose the sentence when the statement shares none (an answer in another language). */
const QUESTION_SHARE = 0.05;

export function createSupportFinder(question: string, analyzer: Analyzer, idf: InverseDocumentFrequency): SupportFinder {
  const questionTerms = new Set(analyzer.terms(question));
  return (statement, { chunk }) => {
    const stated = new Set(analyzer.terms(statement));
    const sentences = splitSentences(chunk.text).map(({ start, end }) => ({
      start,
      end,
      terms: new Set(analyzer.terms(chunk.text.slice(start, end))),
    }));
    const weight = (terms: Iterable<string>): number => [...terms].reduce((sum, term) => sum + idf(term), 0);
    const total = Math.max(weight(stated), Number.MIN_VALUE);
    const shared = (terms: ReadonlySet<string>): number =>
      weight(stated.intersection(terms)) + QUESTION_SHARE * weight(questionTerms.intersection(terms));

    let best = 0;
    for (const [index, { terms }] of sentences.entries()) if (shared(terms) > shared(sentences[best]?.terms ?? new Set())) best = index;
    const first = sentences[best];
    if (first === undefined) return { start: chunk.start, end: chunk.end };
    const added = (index: number): number => weight(stated.intersection(sentences[index]?.terms ?? new Set()).difference(first.terms)) / total;
    const neighbour = added(best - 1) > added(best + 1) ? best - 1 : best + 1;
    const second = added(neighbour) >= SECOND_SENTENCE_SHARE ? sentences[neighbour] : undefined;
    return {
      start: chunk.start + Math.min(first.start, second?.start ?? first.start),
      end: chunk.start + Math.max(first.end, second?.end ?? first.end),
    };
  };
}
