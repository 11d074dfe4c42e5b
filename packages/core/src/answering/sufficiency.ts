/** Whether sentences that were chosen to be quoted speak of what is asked, or are only the best of a passage that does not. */
import type { AnalysedQuestion } from "./question.ts";
import type { ScoredSentence } from "./sentence-scores.ts";

/**
 * The gate judges passages, and forgives them an everyday word: "What is the weight of the dishwasher?" finds its page, which may not
 * say. A sentence of that page must then hold something of the question by itself. A follow-up of mere pronouns has no words to hold.
 */
export function answersAtAll({ ownTerms }: AnalysedQuestion, chosen: readonly ScoredSentence[]): boolean {
  return ownTerms.size === 0 || chosen.some(({ covered }) => covered.size > 0);
}
