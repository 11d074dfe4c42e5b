/** BM25 over postings in compressed sparse rows, each posting's score computed when the index is built. */
import type { Pacer } from "../pacing.ts";
import type { TermCounts } from "./term-counts.ts";

export interface Bm25Options {
  /** Saturation of repeated terms. Default 1.2. */
  readonly k1?: number | undefined;
  /** Strength of the normalisation by length, 0..1. Default 0.75. */
  readonly b?: number | undefined;
}

export interface Bm25Source {
  /** Number of documents. */
  readonly documentCount: number;
  /** Number of terms; every id of `termCounts` is below it. */
  readonly termCount: number;
  /** Counts of one document; called twice for each and must say the same both times. */
  termCounts(document: number): TermCounts;
}

/** A finished index; immutable. */
export interface Bm25Index {
  readonly documentCount: number;
  /** Mean length of the documents in terms. */
  readonly averageLength: number;
  /** Number of documents that hold the term; 0 for an unknown one. */
  documentFrequency(term: number): number;
  /** See {@link inverseDocumentFrequency}. */
  inverseDocumentFrequency(term: number): number;
  /** Adds `weight` × the term's score to `scores[document]` for every document that holds it. */
  accumulate(term: number, weight: number, scores: Float32Array): void;
}

/** `ln(1 + (N − n + ½) / (n + ½))`: what a term in `frequency` of `documentCount` documents tells; largest for an unseen one. */
export function inverseDocumentFrequency(documentCount: number, frequency: number): number {
  return Math.log(1 + (documentCount - frequency + 0.5) / (frequency + 0.5));
}

/** Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with the idf of Lucene, which is never negative. */
export async function buildBm25(source: Bm25Source, pacer: Pacer, options: Bm25Options = {}): Promise<Bm25Index> {
  const { documentCount, termCount } = source;
  const k1 = options.k1 ?? 1.2;
  const b = options.b ?? 0.75;

  const offsets = new Uint32Array(termCount + 1);
  let totalLength = 0;
  for (let document = 0; document < documentCount; document += 1) {
    const { ids, length } = source.termCounts(document);
    totalLength += length;
    for (const id of ids) offsets[id + 1] = (offsets[id + 1] ?? 0) + 1;
    if (pacer.spend(ids.length * 10)) await pacer.pause();
  }
  for (let term = 0; term < termCount; term += 1) offsets[term + 1] = (offsets[term + 1] ?? 0) + (offsets[term] ?? 0);

  const averageLength = documentCount === 0 ? 0 : totalLength / documentCount;
  const frequencyOf = (term: number): number => (term < termCount ? (offsets[term + 1] ?? 0) - (offsets[term] ?? 0) : 0);
  const idfOf = (term: number): number => inverseDocumentFrequency(documentCount, frequencyOf(term));

  const idf = new Float32Array(termCount);
  for (let term = 0; term < termCount; term += 1) idf[term] = idfOf(term);
  const postings = offsets[termCount] ?? 0;
  const documents = new Uint32Array(postings);
  const scores = new Float32Array(postings);
  const cursors = offsets.slice(0, termCount);
  for (let document = 0; document < documentCount; document += 1) {
    const { ids, counts, length } = source.termCounts(document);
    const norm = k1 * (1 - b + (averageLength === 0 ? 0 : (b * length) / averageLength));
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index] ?? 0;
      const count = counts[index] ?? 0;
      const at = cursors[id] ?? 0;
      cursors[id] = at + 1;
      documents[at] = document;
      scores[at] = ((idf[id] ?? 0) * count * (k1 + 1)) / (count + norm);
    }
    if (pacer.spend(ids.length * 15)) await pacer.pause();
  }

  return {
    documentCount,
    averageLength,
    documentFrequency: frequencyOf,
    inverseDocumentFrequency: idfOf,
    accumulate(term, weight, into) {
      if (term >= termCount) return;
      const end = offsets[term + 1] ?? 0;
      for (let at = offsets[term] ?? 0; at < end; at += 1) {
        const document = documents[at] ?? 0;
        into[document] = (into[document] ?? 0) + weight * (scores[at] ?? 0);
      }
    },
  };
}
