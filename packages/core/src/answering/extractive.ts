/** The answerer without a model: quotes the sentences that answer best, word for word, each with its citation. */
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { CitationBinder } from "./citation-binder.ts";
import type { AnalysedQuestion } from "./question.ts";
import { type InverseDocumentFrequency, type ScoredSentence, scoreSentences } from "./sentence-scores.ts";

/** Sentences quoted at most. */
const MAX_QUOTES = 3;
/** A further sentence is quoted when its score is at least this share of the best one's. */
const WORTH_QUOTING = 0.6;

/** A sentence to be quoted, with the number of its source. */
export interface Quote {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The best sentences, best first. */
export function chooseQuotes(question: AnalysedQuestion, hits: readonly SearchHit[], analyzer: Analyzer, idf: InverseDocumentFrequency): Quote[] {
  const ranked = scoreSentences(question, hits, analyzer, idf).toSorted((left, right) => right.score - left.score);
  const best = ranked[0];
  if (best === undefined) return [];
  return ranked
    .filter(({ score }, index) => index === 0 || score >= best.score * WORTH_QUOTING)
    .slice(0, MAX_QUOTES)
    .map(toQuote);
}

function toQuote({ rank, start, end, text }: ScoredSentence): Quote {
  return { number: rank + 1, start, end, text };
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

/** A number in brackets that stands in a document (a footnote, a reference list) must not pass for a citation of ours. */
function withoutForeignMarkers(text: string): string {
  return text.replace(/\[(\d+(?:\s*[,–-]\s*\d+)*)\]/g, "($1)");
}
