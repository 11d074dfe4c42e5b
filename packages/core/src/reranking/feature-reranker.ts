/** The feature reranker: a logistic model over the signals of each candidate, trained by `bench/train-reranker.ts`. */
import { SIGNAL_NAMES, type SignalName, type SignalTable } from "../retrieval/signals.ts";

export interface RerankingModel {
  readonly bias: number;
  /** Weight of each signal, as divided by its maximum over the candidates. */
  readonly weights: Readonly<Record<SignalName, number>>;
}

/**
 * Scores candidates anew.
 *
 * @param normalised signals of the candidates, each divided by its maximum.
 * @returns for each candidate the probability, 0..1, that a reader would call it relevant, as calibrated over the training queries.
 * All of those had an answer in their collection: whether a question has one at all is for the evidence to say.
 */
export function scoreRelevance(normalised: SignalTable, model: RerankingModel): Float64Array {
  const logits = new Float64Array(normalised.words.length).fill(model.bias);
  for (const name of SIGNAL_NAMES) {
    const weight = model.weights[name];
    const values = normalised[name];
    for (let index = 0; index < logits.length; index += 1) logits[index] = (logits[index] ?? 0) + weight * (values[index] ?? 0);
  }
  return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
}
