/** Step 6: whether the retrieved passages are evidence enough to answer, or merely the nearest there is. */
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { AnalysedQuestion } from "./question.ts";
import type { InverseDocumentFrequency } from "./sentence-scores.ts";

export interface Verdict {
  readonly isEnough: boolean;
  /** How likely each hit answers the question, 0..1. */
  readonly likelihoods: readonly number[];
}

/** A logistic model of two signals, and the likelihood from which there is an answer. `bench/answer-tuning.ts` shows how they came about. */
export interface GateModel {
  readonly intercept: number;
  readonly termCoverage: number;
  readonly phraseCoverage: number;
  readonly threshold: number;
}

const DEFAULT_GATE: GateModel = { intercept: -4.5, termCoverage: 9.3, phraseCoverage: 6, threshold: 0.42 };

/** One of the first hits must be enough: what stands further down is there because nothing better was. */
const HITS_JUDGED = 3;

/**
 * Judges a question by the retriever's evidence for each hit.
 *
 * A question that was rewritten is judged afresh: the passages of the earlier turn hold the words that the rewrite took
 * over from it, so those count half, and no phrase of theirs counts. "And what is its market value?" finds the passages on
 * the tower again, and is refused all the same.
 */
export function judgeEvidence(
  question: AnalysedQuestion,
  hits: readonly SearchHit[],
  analyzer: Analyzer,
  idf: InverseDocumentFrequency,
  model: GateModel = DEFAULT_GATE,
): Verdict {
  const isRewritten = question.termWeights.size > question.ownTerms.size;
  const likelihoods = hits.map(({ evidence, chunk }) => {
    if (!isRewritten) return likelihood(evidence.termCoverage, evidence.phraseCoverage, model);
    const present = new Set(analyzer.terms([chunk.title, ...chunk.headingPath, chunk.text].join("\n")));
    return likelihood(coverage(question, present, idf), 0, model);
  });
  return { isEnough: likelihoods.slice(0, HITS_JUDGED).some((value) => value >= model.threshold), likelihoods };
}

function likelihood(termCoverage: number, phraseCoverage: number, model: GateModel): number {
  return 1 / (1 + Math.exp(-(model.intercept + model.termCoverage * termCoverage + model.phraseCoverage * phraseCoverage)));
}

function coverage({ termWeights }: AnalysedQuestion, present: ReadonlySet<string>, idf: InverseDocumentFrequency): number {
  let covered = 0;
  let total = 0;
  for (const [term, weight] of termWeights) {
    const mass = weight * idf(term);
    total += mass;
    if (present.has(term)) covered += mass;
  }
  return total === 0 ? 0 : covered / total;
}
