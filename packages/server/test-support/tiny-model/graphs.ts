/** The two tiny networks: a bag of pieces with a direction each, and the cosine of two such bags. They rank texts by shared spelling, no more. */
import type { OnnxConstant, OnnxGraph, OnnxNode, OnnxValue } from "./onnx.ts";
import { listPieces, SPECIAL_PIECES } from "./tokenizer.ts";

/** Length of a vector of the tiny embedding model, unless another one is asked for. */
export const TINY_DIMENSIONS = 32;

const INPUTS: readonly OnnxValue[] = ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
  name,
  type: "int64",
  shape: ["batch", "tokens"],
}));

const node = (operator: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, number>> = {}): OnnxNode => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
});
const floats = (name: string, shape: readonly number[], values: readonly number[]): OnnxConstant => ({
  name,
  shape,
  values: Float32Array.from(values),
});
const integers = (name: string, values: readonly number[]): OnnxConstant => ({
  name,
  shape: [values.length],
  values: BigInt64Array.from(values, BigInt),
});

/** The same numbers in -1..1 on every machine (mulberry32). */
function createDice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** A direction for each piece; the special ones have none. */
function pieceVectors(seed: number, dimensions = TINY_DIMENSIONS): OnnxConstant {
  const dice = createDice(seed);
  const count = listPieces().length;
  const values = Float32Array.from({ length: count * dimensions }, (_, at) => (at < SPECIAL_PIECES * dimensions ? 0 : dice()));
  return { name: "piece_vectors", shape: [count, dimensions], values };
}

/** `mask` and `type` as numbers that a token's vector can be multiplied by, and the vectors of real tokens. */
const TOKENS: readonly OnnxNode[] = [
  node("Cast", ["attention_mask"], "mask_number", { to: 1 }),
  node("Unsqueeze", ["mask_number", "last_axis"], "mask"),
  node("Cast", ["token_type_ids"], "type_number", { to: 1 }),
  node("Unsqueeze", ["type_number", "last_axis"], "is_second"),
  node("Gather", ["piece_vectors", "input_ids"], "vectors", { axis: 0 }),
  node("Mul", ["vectors", "mask"], "tokens"),
];

const LABOUR_WIDTH = 1_024;

/** Multiplications by a large matrix, whose result is then not used: what makes a real network slow. */
function labour(rounds: number, dimensions: number): Pick<OnnxGraph, "nodes" | "constants"> {
  if (rounds === 0) return { nodes: [node("Identity", ["meaning"], "last_hidden_state")], constants: [] };
  const dice = createDice(2);
  // Scaled so that the numbers stay of the same size through all rounds.
  const matrix = (rows: number, columns: number) => Array.from({ length: rows * columns }, () => dice() * Math.sqrt(3 / rows));
  return {
    constants: [
      floats("widen", [dimensions, LABOUR_WIDTH], matrix(dimensions, LABOUR_WIDTH)),
      floats("round", [LABOUR_WIDTH, LABOUR_WIDTH], matrix(LABOUR_WIDTH, LABOUR_WIDTH)),
      floats("narrow", [LABOUR_WIDTH, dimensions], matrix(LABOUR_WIDTH, dimensions)),
      floats("nothing", [], [0]),
    ],
    nodes: [
      node("MatMul", ["meaning", "widen"], "round_0"),
      ...Array.from({ length: rounds }, (_, at) => node("MatMul", [`round_${at}`, "round"], `round_${at + 1}`)),
      node("MatMul", [`round_${rounds}`, "narrow"], "product_of_labour"),
      node("Mul", ["product_of_labour", "nothing"], "fruitless"),
      node("Add", ["meaning", "fruitless"], "last_hidden_state"),
    ],
  };
}

/**
 * Gives `last_hidden_state`: the vector of each token, a little shifted for a second text.
 *
 * @param seed another one is another model.
 * @param rounds of multiplying, each of 2 million operations per token; 0 is the quickest model.
 */
export function embeddingGraph(seed: number, rounds: number, dimensions: number): OnnxGraph {
  const { nodes, constants } = labour(rounds, dimensions);
  return {
    inputs: INPUTS,
    outputs: [{ name: "last_hidden_state", type: "float", shape: ["batch", "tokens", dimensions] }],
    constants: [pieceVectors(seed, dimensions), integers("last_axis", [-1]), floats("shift_size", [], [0.01]), ...constants],
    nodes: [...TOKENS, node("Mul", ["is_second", "shift_size"], "shift"), node("Add", ["tokens", "shift"], "meaning"), ...nodes],
  };
}

const bag = (name: string, weight: string): readonly OnnxNode[] => [
  node("Mul", ["tokens", weight], `${name}_tokens`),
  node("ReduceSum", [`${name}_tokens`, "token_axis"], name, { keepdims: 0 }),
  node("Mul", [name, name], `${name}_squares`),
  node("ReduceSum", [`${name}_squares`, "last_axis"], `${name}_square_sum`, { keepdims: 1 }),
  node("Add", [`${name}_square_sum`, "not_zero"], `${name}_above_zero`),
  node("Sqrt", [`${name}_above_zero`], `${name}_length`),
];

/** Gives `logits`: one number, or two for "no" and "yes". @param labels how many. */
export function crossEncoderGraph(labels: 1 | 2): OnnxGraph {
  const nodes = [
    ...TOKENS,
    node("Sub", ["one", "is_second"], "is_first"),
    ...bag("question", "is_first"),
    ...bag("passage", "is_second"),
    node("Mul", ["question", "passage"], "products"),
    node("ReduceSum", ["products", "last_axis"], "product", { keepdims: 1 }),
    node("Mul", ["question_length", "passage_length"], "lengths"),
    node("Div", ["product", "lengths"], "cosine"),
    node("Mul", ["cosine", "steepness"], "steep"),
    node("Sub", ["steep", "middle"], labels === 1 ? "logits" : "yes"),
    ...(labels === 1 ? [] : [node("Neg", ["yes"], "no"), node("Concat", ["no", "yes"], "logits", { axis: 1 })]),
  ];
  return {
    inputs: INPUTS,
    outputs: [{ name: "logits", type: "float", shape: ["batch", labels] }],
    constants: [
      pieceVectors(1),
      integers("last_axis", [-1]),
      integers("token_axis", [1]),
      floats("one", [], [1]),
      floats("not_zero", [], [1e-6]),
      floats("steepness", [], [8]),
      floats("middle", [], [4]),
    ],
    nodes,
  };
}
