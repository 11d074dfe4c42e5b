/** The space learnt from the corpus as an embedding model: what it calls a question, and a chunk. */
import { countTerms } from "../lexical/term-counts.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import { digestBytes } from "../retrieval/fingerprint.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { LsaModel } from "./lsa.ts";
import type { SemanticIndex } from "./semantic-index.ts";

export interface SemanticSpace {
  /** Equal only for spaces with the same coordinates, whichever process learnt or loaded them. */
  readonly id: string;
  readonly dimensions: number;
  /** Of unit length. */
  readonly embedQuery: (text: string) => Float32Array;
  /** Of unit length; undefined for a chunk that is not in the searchable state. */
  vectorOf(chunkId: string): Float32Array | undefined;
}

/** Coordinates that take part in the id, besides the scale of every row: reading all would take tens of milliseconds. */
const SAMPLED_COORDINATES = 262_144;

const ids = new WeakMap<LsaModel, string>();

export function createSemanticSpace(
  { model, vectorAt }: SemanticIndex,
  numbers: ReadonlyMap<string, number>,
  analyzer: Analyzer,
  vocabulary: Vocabulary,
): SemanticSpace {
  return {
    id: idOf(model),
    dimensions: model.rank,
    embedQuery: createQueryEmbedder(model, analyzer, vocabulary),
    vectorOf(chunkId) {
      const number = numbers.get(chunkId);
      return number === undefined ? undefined : toUnitLength(vectorAt(number).vector);
    },
  };
}

/** Apart from the space, so that whoever keeps it does not keep the vectors of all chunks. */
function createQueryEmbedder(model: LsaModel, analyzer: Analyzer, vocabulary: Vocabulary): SemanticSpace["embedQuery"] {
  return (text) => {
    const known = analyzer.terms(text).flatMap((term) => vocabulary.find(term) ?? []);
    const vector = new Float32Array(model.rank);
    model.embed(countTerms(known), vector);
    return toUnitLength(vector);
  };
}

function idOf(model: LsaModel): string {
  let id = ids.get(model);
  if (id === undefined) {
    const { scales, vectors } = model;
    const digest = digestBytes(
      new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength),
      new Uint8Array(vectors.buffer, vectors.byteOffset, Math.min(vectors.length, SAMPLED_COORDINATES)),
    );
    id = `lsa-${model.corpusSize}-${digest}`;
    ids.set(model, id);
  }
  return id;
}

/** A text of which the space knows no word has no direction; it gets the least important one, so that it can be stored like any other. */
function toUnitLength(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length > 1e-10) return vector.map((value) => value / length);
  const last = new Float32Array(vector.length);
  last[vector.length - 1] = 1;
  return last;
}
