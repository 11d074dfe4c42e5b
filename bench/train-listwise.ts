/** Fits a linear model to lists of candidates: cross entropy over each list, then a logistic calibration of its scores. */

/** The candidates of one query. */
export interface CandidateList {
  /** Row-major, one row of features per candidate. */
  readonly features: Float64Array;
  /** 1 for a relevant candidate, 0 for another; in the order of the rows. */
  readonly relevant: readonly number[];
  /** How much the list counts; all together 1. */
  readonly weight: number;
}

export interface LinearModel {
  readonly bias: number;
  readonly weights: readonly number[];
}

const STEPS = 300;
const RATE = 0.1;
/** Strength of the pull of every weight towards zero. */
const SHRINKAGE = 0.001;
const NEWTON_STEPS = 30;
/** Keeps Newton's method from dividing by nothing. */
const RIDGE = 1e-9;

/**
 * The weights minimise the cross entropy between the softmax of the scores of a list and its relevant candidates (ListNet, Cao et al. 2007),
 * averaged over all lists; then scale and bias are chosen so that the logistic function of a score is the probability of relevance.
 */
export function trainListwise(lists: readonly CandidateList[], featureCount: number): LinearModel {
  const useful = lists.filter(({ relevant }) => relevant.includes(1) && relevant.includes(0));
  const direction = descend(featureCount, (weights) => listwiseGradient(useful, weights));
  const { bias, scale } = calibrate(lists, direction);
  return { bias, weights: direction.map((weight) => weight * scale) };
}

function listwiseGradient(lists: readonly CandidateList[], weights: readonly number[]): number[] {
  const gradient = weights.map((weight) => SHRINKAGE * weight);
  for (const list of lists) {
    const scores = scoreRows(list, weights);
    const highest = Math.max(...scores);
    const exponentials = scores.map((score) => Math.exp(score - highest));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    const relevant = list.relevant.reduce((sum, value) => sum + value, 0);
    for (const [row, value] of exponentials.entries()) {
      addRow(list, row, weights.length, list.weight * (value / total - (list.relevant[row] ?? 0) / relevant), gradient);
    }
  }
  return gradient;
}

/** Logistic regression on the score alone (Platt 1999), by Newton's method. */
function calibrate(lists: readonly CandidateList[], direction: readonly number[]): { readonly bias: number; readonly scale: number } {
  let bias = 0;
  let scale = 0;
  for (let step = 0; step < NEWTON_STEPS; step += 1) {
    let [slope0, slope1, curve00, curve01, curve11] = [0, 0, RIDGE, 0, RIDGE];
    for (const list of lists) {
      for (const [row, score] of scoreRows(list, direction).entries()) {
        const probability = 1 / (1 + Math.exp(-bias - scale * score));
        const error = list.weight * (probability - (list.relevant[row] ?? 0));
        const curvature = list.weight * probability * (1 - probability);
        slope0 += error;
        slope1 += error * score;
        curve00 += curvature;
        curve01 += curvature * score;
        curve11 += curvature * score * score;
      }
    }
    const determinant = curve00 * curve11 - curve01 * curve01;
    bias -= (curve11 * slope0 - curve01 * slope1) / determinant;
    scale -= (curve00 * slope1 - curve01 * slope0) / determinant;
  }
  return { bias, scale };
}

function scoreRows({ features, relevant }: CandidateList, weights: readonly number[]): number[] {
  return relevant.map((_, row) => weights.reduce((sum, weight, column) => sum + weight * (features[row * weights.length + column] ?? 0), 0));
}

function addRow({ features }: CandidateList, row: number, width: number, factor: number, into: number[]): void {
  for (let column = 0; column < width; column += 1) into[column] = (into[column] ?? 0) + factor * (features[row * width + column] ?? 0);
}

/** Adam (Kingma and Ba 2015) over all data at once, the rate falling to zero. */
function descend(size: number, gradientAt: (parameters: readonly number[]) => number[]): number[] {
  const parameters = new Array<number>(size).fill(0);
  const mean = new Array<number>(size).fill(0);
  const square = new Array<number>(size).fill(0);
  for (let step = 1; step <= STEPS; step += 1) {
    const rate = RATE * (1 - step / (STEPS + 1));
    for (const [index, slope] of gradientAt(parameters).entries()) {
      mean[index] = 0.9 * (mean[index] ?? 0) + 0.1 * slope;
      square[index] = 0.999 * (square[index] ?? 0) + 0.001 * slope * slope;
      const momentum = mean[index] / (1 - 0.9 ** step);
      parameters[index] = (parameters[index] ?? 0) - (rate * momentum) / (Math.sqrt(square[index] / (1 - 0.999 ** step)) + 1e-9);
    }
  }
  return parameters;
}
