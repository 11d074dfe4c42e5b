/** An embedder without a model: a bag of words in which each word has a fixed direction. Texts that share words are near. */
import type { Embedder } from "../src/ports.ts";

/** Options of {@link createHashEmbedder}. */
export interface HashEmbedderOptions {
  /** Default 64. */
  readonly dimensions?: number;
  /** Another one is another model, with other vectors and another id. Default 1. */
  readonly seed?: number;
}

/** A number 0..2³² that looks like chance (FNV-1a, mixed once more). */
function hash(text: string, seed: number): number {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return Math.imul(state ^ (state >>> 15), 0x85ebca6b) >>> 0;
}

/** The same vectors on every machine and in every run. */
export function createHashEmbedder({ dimensions = 64, seed = 1 }: HashEmbedderOptions = {}): Embedder {
  function embedText(text: string): Float32Array {
    const vector = new Float32Array(dimensions);
    for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
      for (let at = 0; at < dimensions; at += 1) vector[at] = (vector[at] ?? 0) + hash(`${at} ${word}`, seed) / 2 ** 31 - 1;
    }
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) vector[0] = 1;
    return length === 0 ? vector : vector.map((value) => value / length);
  }

  return {
    id: `hash-${dimensions}-${seed}`,
    dimensions,
    async embed(texts, { signal }) {
      signal?.throwIfAborted();
      return texts.map(embedText);
    },
  };
}
