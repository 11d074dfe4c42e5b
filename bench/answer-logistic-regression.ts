/** Logistic regression of few features, for tuning: Newton's method, every collection and label weighing the same. */

export interface Sample {
  /** The collection it belongs to. */
  readonly set: string;
  /** Features of each candidate; the best one decides. */
  readonly candidates: readonly (readonly number[])[];
  readonly isPositive: boolean;
}

export interface LogisticModel {
  readonly intercept: number;
  readonly weights: readonly number[];
}

/** Keeps a separable set from running away. */
const RIDGE = 1e-4;
const ROUNDS = 8;
const NEWTON_STEPS = 25;

/** The likelihood of a sample: that of its best candidate; that of no evidence without one. */
export function likelihood(model: LogisticModel, { candidates }: Sample): number {
  return Math.max(...candidates.map((features) => logistic(model, features)), logistic(model, []));
}

/** Alternates between choosing the best candidate of each sample and fitting those. */
export function fitLogistic(samples: readonly Sample[], featureCount: number): LogisticModel {
  const sizes = new Map<string, number>();
  const group = ({ set, isPositive }: Sample): string => `${set} ${isPositive}`;
  for (const sample of samples) sizes.set(group(sample), (sizes.get(group(sample)) ?? 0) + 1);
  let model: LogisticModel = { intercept: 0, weights: new Array<number>(featureCount).fill(1) };
  for (let round = 0; round < ROUNDS; round += 1) {
    const rows = samples.map((sample) => ({
      features: [1, ...bestCandidate(model, sample, featureCount)],
      target: sample.isPositive ? 1 : 0,
      weight: 1 / (sizes.size * (sizes.get(group(sample)) ?? 1)),
    }));
    const parameters = newton(rows, featureCount + 1);
    model = { intercept: parameters[0] ?? 0, weights: parameters.slice(1) };
  }
  return model;
}

function bestCandidate(model: LogisticModel, { candidates }: Sample, featureCount: number): readonly number[] {
  const none = new Array<number>(featureCount).fill(0);
  return candidates.reduce((best, features) => (logistic(model, features) > logistic(model, best) ? features : best), candidates[0] ?? none);
}

function logistic({ intercept, weights }: LogisticModel, features: readonly number[]): number {
  return 1 / (1 + Math.exp(-weights.reduce((sum, weight, index) => sum + weight * (features[index] ?? 0), intercept)));
}

interface Row {
  readonly features: readonly number[];
  readonly target: number;
  readonly weight: number;
}

function newton(rows: readonly Row[], size: number): number[] {
  let parameters = new Array<number>(size).fill(0);
  for (let step = 0; step < NEWTON_STEPS; step += 1) {
    const gradient = parameters.map((value) => RIDGE * value);
    const hessian = parameters.map((_, row) => parameters.map((_, column): number => (row === column ? RIDGE : 0)));
    for (const { features, target, weight } of rows) {
      const probability = 1 / (1 + Math.exp(-features.reduce((sum, value, index) => sum + value * (parameters[index] ?? 0), 0)));
      for (const [row, value] of features.entries()) {
        gradient[row] = (gradient[row] ?? 0) + weight * (probability - target) * value;
        const line = hessian[row] ?? [];
        for (const [column, other] of features.entries())
          line[column] = (line[column] ?? 0) + weight * probability * (1 - probability) * value * other;
      }
    }
    const change = solve(hessian, gradient);
    parameters = parameters.map((value, index) => value - (change[index] ?? 0));
  }
  return parameters;
}

/** Gaussian elimination; the matrix is positive definite. */
function solve(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  const rows = matrix.map((line, index) => [...line, vector[index] ?? 0]);
  for (const [pivot, line] of rows.entries()) {
    const scale = line[pivot] ?? 1;
    for (const [index, other] of rows.entries()) {
      if (index === pivot) continue;
      const factor = (other[pivot] ?? 0) / scale;
      for (const [column, value] of line.entries()) other[column] = (other[column] ?? 0) - factor * value;
    }
  }
  return rows.map((line, index) => (line.at(-1) ?? 0) / (line[index] ?? 1));
}
