/** Exact cosine search over folded-in documents, in several leading parts of the semantic space at once. */
import type { TermCounts } from "../lexical/term-counts.ts";
import type { Pacer } from "../pacing.ts";
import type { LsaModel } from "./lsa.ts";
import { scanDots } from "./scan-dots.ts";

/** Leading parts of the space that are compared; each is cut to the rank of the model. No single one suits all corpora. */
const RESOLUTIONS = [150, 300, 400] as const;
/** Positions in {@link RESOLUTIONS}. */
export const COARSE = 0;
export const MIDDLE = 1;
export const FINE = 2;

export interface SemanticIndex {
  readonly model: LsaModel;
  readonly documentCount: number;
  /** Row-major, `documentCount` × `model.rank`. */
  readonly vectors: Float32Array;
  /** Dimensions of each resolution, none above the rank. */
  readonly dimensions: readonly number[];
  /** A vector with its length at each resolution, ready to be compared. */
  prepare(vector: Float32Array): PreparedVector;
  /** The vector of a document. */
  vectorAt(document: number): PreparedVector;
  /** Cosine with one document at one resolution; 0 when either vector is zero there. */
  cosine(query: PreparedVector, document: number, resolution: number): number;
  /** Cosines with all documents at one resolution. */
  scan(query: PreparedVector, resolution: number, into: Float32Array): void;
}

export interface PreparedVector {
  readonly vector: Float32Array;
  /** 1 / length at each resolution; 0 for a zero vector. */
  readonly inverseNorms: readonly number[];
}

export interface SemanticSource {
  readonly documentCount: number;
  termCounts(document: number): TermCounts;
  /** Row of an earlier index of the same model that holds this very document, or -1. */
  earlierRow?(document: number): number;
}

/** Folds all documents into the space; rows of `earlier` are copied where the source points to one. */
export async function buildSemanticIndex(
  model: LsaModel,
  source: SemanticSource,
  pacer: Pacer,
  earlier?: SemanticIndex | undefined,
): Promise<SemanticIndex> {
  const { rank } = model;
  const { documentCount } = source;
  const vectors = new Float32Array(documentCount * rank);
  const dimensions = RESOLUTIONS.map((dimension) => Math.min(dimension, rank));
  const inverseNorms = dimensions.map(() => new Float32Array(documentCount));
  for (let document = 0; document < documentCount; document += 1) {
    const row = earlier?.model === model ? (source.earlierRow?.(document) ?? -1) : -1;
    const vector = vectors.subarray(document * rank, (document + 1) * rank);
    const counts = source.termCounts(document);
    if (earlier !== undefined && row >= 0) vector.set(earlier.vectors.subarray(row * rank, (row + 1) * rank));
    else model.embed(counts, vector);
    for (const [resolution, norm] of inverseNormsOf(vector, dimensions).entries()) {
      const norms = inverseNorms[resolution];
      if (norms !== undefined) norms[document] = norm;
    }
    if (pacer.spend((row >= 0 ? 2 : counts.ids.length + 2) * rank)) await pacer.pause();
  }
  return createSemanticIndex({ model, documentCount, vectors, dimensions }, inverseNorms);
}

type Stored = Pick<SemanticIndex, "model" | "documentCount" | "vectors" | "dimensions">;

function createSemanticIndex(stored: Stored, inverseNorms: readonly Float32Array[]): SemanticIndex {
  const { documentCount, vectors, dimensions } = stored;
  const { rank } = stored.model;
  const dot = (query: Float32Array, document: number, dimension: number): number => {
    const base = document * rank;
    let sum0 = 0;
    let sum1 = 0;
    let at = 0;
    for (; at + 1 < dimension; at += 2) {
      sum0 += (query[at] ?? 0) * (vectors[base + at] ?? 0);
      sum1 += (query[at + 1] ?? 0) * (vectors[base + at + 1] ?? 0);
    }
    if (at < dimension) sum0 += (query[at] ?? 0) * (vectors[base + at] ?? 0);
    return sum0 + sum1;
  };
  const cosine = (query: PreparedVector, document: number, resolution: number): number => {
    const scale = (query.inverseNorms[resolution] ?? 0) * (inverseNorms[resolution]?.[document] ?? 0);
    return scale === 0 ? 0 : dot(query.vector, document, dimensions[resolution] ?? 0) * scale;
  };
  return {
    ...stored,
    prepare: (vector) => ({ vector, inverseNorms: inverseNormsOf(vector, dimensions) }),
    vectorAt: (document) => ({
      vector: vectors.subarray(document * rank, (document + 1) * rank),
      inverseNorms: inverseNorms.map((norms) => norms[document] ?? 0),
    }),
    cosine,
    scan(query, resolution, into) {
      const norms = inverseNorms[resolution] ?? new Float32Array(0);
      scanDots(Float64Array.from(query.vector), vectors, rank, dimensions[resolution] ?? 0, into);
      const scale = query.inverseNorms[resolution] ?? 0;
      for (let document = 0; document < documentCount; document += 1) into[document] = (into[document] ?? 0) * scale * (norms[document] ?? 0);
    },
  };
}

/** 1 / length of each leading part of the vector; `dimensions` ascend. */
function inverseNormsOf(vector: Float32Array, dimensions: readonly number[]): number[] {
  let squares = 0;
  let at = 0;
  return dimensions.map((dimension) => {
    for (; at < dimension; at += 1) squares += (vector[at] ?? 0) ** 2;
    return squares > 1e-20 ? 1 / Math.sqrt(squares) : 0;
  });
}
