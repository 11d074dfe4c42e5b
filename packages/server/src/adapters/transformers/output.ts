/** From what a network gives to what is asked of it. */

/** Numbers of a network: row after row. */
export interface OutputTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** Divides by the length, so that a product of two is their cosine. A vector without a direction gets one that says nothing. */
function normalise(vector: Float32Array): void {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) vector[0] = 1;
  else for (let at = 0; at < vector.length; at += 1) vector[at] = (vector[at] ?? 0) / length;
}

/**
 * One vector of unit length per text.
 *
 * @param hidden a vector per token: texts × tokens × dimensions.
 * @param lengths real tokens of each text; the rest of its row is padding.
 * @param pooling `mean` of the real tokens, or the first one (`cls`).
 */
export function poolVectors(hidden: OutputTensor, lengths: readonly number[], pooling: "mean" | "cls"): readonly Float32Array[] {
  const [, tokens = 0, dimensions = 0] = hidden.dims;
  return lengths.map((length, text) => {
    const vector = new Float32Array(dimensions);
    const counted = pooling === "cls" ? 1 : length;
    for (let token = 0; token < counted; token += 1) {
      const from = (text * tokens + token) * dimensions;
      for (let at = 0; at < dimensions; at += 1) vector[at] = (vector[at] ?? 0) + (hidden.data[from + at] ?? 0);
    }
    normalise(vector);
    return vector;
  });
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/**
 * A relevance of 0..1 per pair: of one logit its sigmoid, of two ("no" and "yes") the share of the second.
 *
 * @throws Error when the network gives neither: it is no cross-encoder.
 */
export function toRelevances(logits: OutputTensor): readonly Float32Array[] {
  const [pairs = 0, labels = 0] = logits.dims;
  const at = (pair: number, label: number): number => logits.data[pair * labels + label] ?? Number.NaN;
  if (labels === 1) return Array.from({ length: pairs }, (_, pair) => Float32Array.of(sigmoid(at(pair, 0))));
  if (labels === 2) return Array.from({ length: pairs }, (_, pair) => Float32Array.of(sigmoid(at(pair, 1) - at(pair, 0))));
  throw new Error(`the model gives ${labels} numbers for a pair of texts; a cross-encoder gives one or two`);
}
