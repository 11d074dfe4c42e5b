/** One immutable, searchable state of the collection; a refresh builds the next one beside it. */

import { type BigramFrequencies, countBigrams } from "../lexical/bigram-frequencies.ts";
import { type Bm25Index, buildBm25 } from "../lexical/bm25.ts";
import { relateGrams } from "../lexical/character-grams.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { Pacer } from "../pacing.ts";
import { type LsaModel, type LsaOptions, trainLsa } from "../semantic/lsa.ts";
import { buildSemanticIndex, type SemanticIndex } from "../semantic/semantic-index.ts";
import type { ChunkEntry } from "./chunk-entry.ts";

/** The chunks of one document stand together, from `start` up to but not including `end`. */
export interface DocumentRange {
  readonly documentId: string;
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface IndexState {
  readonly generation: number;
  readonly entries: readonly ChunkEntry[];
  readonly documents: readonly DocumentRange[];
  readonly words: Bm25Index;
  readonly characters: Bm25Index;
  readonly grams: Vocabulary;
  readonly bigrams: BigramFrequencies;
  /** Mean number of distinct title and heading terms. */
  readonly averageTitleLength: number;
  /** Mean number of terms of a sentence. */
  readonly averageSentenceLength: number;
  /** Number of distinct terms in use. */
  readonly termCount: number;
  /** Every term number of the entries is below it. */
  readonly termSpace: number;
  /** Absent before the first training. */
  readonly semantic: SemanticIndex | undefined;
}

export interface IndexStateInput {
  readonly generation: number;
  readonly collection: ReadonlyMap<string, readonly ChunkEntry[]>;
  readonly vocabulary: Vocabulary;
  readonly previous: IndexState | undefined;
  /** A model from elsewhere (a snapshot), used when the previous state has none. */
  readonly model: LsaModel | undefined;
  /** False leaves an absent or outgrown model as it is. */
  readonly mayTrain: boolean;
  readonly lsa: LsaOptions;
}

/** A model is trained anew when the corpus has grown by half, or shrunk by half, since. */
const OUTGROWN = 1.5;

export async function buildIndexState(input: IndexStateInput, pacer: Pacer): Promise<IndexState> {
  const { vocabulary } = input;
  const entries: ChunkEntry[] = [];
  const documents: DocumentRange[] = [];
  for (const [documentId, chunks] of input.collection) {
    documents.push({ documentId, path: chunks[0]?.chunk.path ?? "", start: entries.length, end: entries.length + chunks.length });
    for (const entry of chunks) entries.push(entry);
  }
  const documentCount = entries.length;
  // Fixed now: the vocabulary may grow while this state is being built.
  const termCount = entries.reduce((highest, { counts }) => Math.max(highest, (counts.ids.at(-1) ?? -1) + 1), 0);
  const countsAt = (document: number) => entries[document]?.counts ?? NO_TERMS;

  const words = await buildBm25({ documentCount, termCount, termCounts: countsAt }, pacer);
  const related = await relateGrams(vocabulary, termCount, pacer);
  const gramCounts = (document: number) => related.gramCounts(countsAt(document));
  const characters = await buildBm25({ documentCount, termCount: related.grams.size, termCounts: gramCounts }, pacer);
  const bigrams = await countBigrams(entries, pacer);
  const semantic = await buildSemantic(input, entries, termCount, pacer);

  let inUse = 0;
  for (let term = 0; term < termCount; term += 1) if (words.documentFrequency(term) > 0) inUse += 1;
  const sentences = entries.reduce((sum, entry) => sum + entry.sentenceEnds.length, 0);
  return {
    generation: input.generation,
    entries,
    documents,
    words,
    characters,
    grams: related.grams,
    bigrams,
    averageTitleLength: mean(
      entries.reduce((sum, entry) => sum + entry.titleTerms.length, 0),
      documentCount,
    ),
    averageSentenceLength: mean(
      entries.reduce((sum, entry) => sum + entry.sequence.length, 0),
      sentences,
    ),
    termCount: inUse,
    termSpace: termCount,
    semantic,
  };
}

const NO_TERMS = { ids: new Uint32Array(0), counts: new Uint32Array(0), length: 0 };

function mean(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

async function buildSemantic(
  input: IndexStateInput,
  entries: readonly ChunkEntry[],
  termCount: number,
  pacer: Pacer,
): Promise<SemanticIndex | undefined> {
  const documentCount = entries.length;
  const termCounts = (document: number) => entries[document]?.counts ?? NO_TERMS;
  const earlier = input.previous?.semantic;
  let model = earlier?.model ?? input.model;
  if (input.mayTrain && documentCount > 0 && (model === undefined || isOutgrown(model, documentCount))) {
    model = await trainLsa({ documentCount, termCount, termCounts }, pacer, input.lsa);
  }
  if (model === undefined) return undefined;
  const rows = new Map<ChunkEntry, number>();
  if (earlier?.model === model) for (const [row, entry] of (input.previous?.entries ?? []).entries()) rows.set(entry, row);
  const earlierRow = (document: number): number => {
    const entry = entries[document];
    return entry === undefined ? -1 : (rows.get(entry) ?? -1);
  };
  return buildSemanticIndex(model, { documentCount, termCounts, earlierRow }, pacer, earlier);
}

/** Whether the space of a state is missing, or was learnt from a collection of quite another size. */
export function needsTraining({ entries, semantic }: IndexState): boolean {
  return entries.length > 0 && (semantic === undefined || isOutgrown(semantic.model, entries.length));
}

function isOutgrown(model: LsaModel, documentCount: number): boolean {
  return documentCount >= model.corpusSize * OUTGROWN || documentCount * OUTGROWN * OUTGROWN <= model.corpusSize;
}
