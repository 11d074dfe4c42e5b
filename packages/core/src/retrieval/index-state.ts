/** One immutable, searchable state of the collection; a refresh builds the next one beside it. */

import { type BigramFrequencies, countBigrams } from "../lexical/bigram-frequencies.ts";
import { type Bm25Index, buildBm25 } from "../lexical/bm25.ts";
import { relateGrams } from "../lexical/character-grams.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { Pacer } from "../pacing.ts";
import { type Familiarity, isUnfamiliar, measureFamiliarity } from "../semantic/familiarity.ts";
import { type LsaModel, type LsaOptions, trainLsa } from "../semantic/lsa.ts";
import { buildSemanticIndex, type SemanticIndex } from "../semantic/semantic-index.ts";
import type { ChunkEntry } from "./chunk-entry.ts";
import { createFingerprint, digestText } from "./fingerprint.ts";

/** The chunks of one document stand together, from `start` up to but not including `end`. */
export interface DocumentRange {
  readonly documentId: string;
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface IndexState {
  readonly generation: number;
  /** Names what a search depends on: the chunks and the semantic space, in any order and in any process. */
  readonly fingerprint: string;
  readonly entries: readonly ChunkEntry[];
  /** Position in `entries` by the id of the chunk. */
  readonly numbers: ReadonlyMap<string, number>;
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
  /** How well the space knows the collection; meaningless without one. */
  readonly familiarity: Familiarity;
}

export interface IndexStateInput {
  readonly generation: number;
  readonly collection: ReadonlyMap<string, readonly ChunkEntry[]>;
  readonly vocabulary: Vocabulary;
  readonly previous: IndexState | undefined;
  /** A model from elsewhere (a snapshot), used in place of the previous state's. */
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
  const related = await relateGrams({ vocabulary, termCount, isInUse: (term) => words.documentFrequency(term) > 0 }, pacer);
  const gramCounts = (document: number) => related.gramCounts(countsAt(document));
  const characters = await buildBm25({ documentCount, termCount: related.grams.size, termCounts: gramCounts }, pacer);
  const bigrams = await countBigrams(entries, pacer);
  const { semantic, familiarity } = await buildSemantic(input, entries, termCount, pacer);

  let inUse = 0;
  for (let term = 0; term < termCount; term += 1) if (words.documentFrequency(term) > 0) inUse += 1;
  const sentences = entries.reduce((sum, entry) => sum + entry.sentenceEnds.length, 0);
  return {
    generation: input.generation,
    fingerprint: await computeFingerprint(entries, semantic?.model, vocabulary, pacer),
    entries,
    numbers: new Map(entries.map(({ chunk }, number) => [chunk.id, number])),
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
    familiarity,
  };
}

/**
 * Of all chunks, and of the semantic space by its terms and their rarity: those name the collection that it was learnt from, whereas
 * the coordinates differ in their last digits with the order of the documents.
 */
async function computeFingerprint(
  entries: readonly ChunkEntry[],
  model: LsaModel | undefined,
  vocabulary: Vocabulary,
  pacer: Pacer,
): Promise<string> {
  const fingerprint = createFingerprint();
  for (const { digest } of entries) fingerprint.add(digest);
  if (model === undefined || entries.length === 0) return fingerprint.toHex();
  fingerprint.add(digestText(`space of ${model.rank} from ${model.corpusSize}`));
  for (const [row, term] of model.terms.entries()) {
    fingerprint.add(digestText(`${vocabulary.termAt(term)} ${(model.idf[row] ?? 0).toFixed(4)}`));
    if (pacer.spend(200)) await pacer.pause();
  }
  return fingerprint.toHex();
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
): Promise<Pick<IndexState, "semantic" | "familiarity">> {
  const documentCount = entries.length;
  const termCounts = (document: number) => entries[document]?.counts ?? NO_TERMS;
  const earlier = input.previous?.semantic;
  let model = input.model ?? earlier?.model;
  const source = { documentCount, termCount, termCounts };
  const isKept = model !== undefined && model === earlier?.model;
  let familiarity = await measureFamiliarity(model, source, pacer, isKept ? input.previous?.familiarity : undefined);
  if (input.mayTrain && documentCount > 0 && (model === undefined || isOutgrown(model, documentCount) || isUnfamiliar(familiarity))) {
    model = await trainLsa(source, pacer, input.lsa);
    const { share } = await measureFamiliarity(model, source, pacer);
    familiarity = { share, atTraining: share };
  }
  if (model === undefined) return { semantic: undefined, familiarity };
  const rows = new Map<ChunkEntry, number>();
  if (earlier?.model === model) for (const [row, entry] of (input.previous?.entries ?? []).entries()) rows.set(entry, row);
  const earlierRow = (document: number): number => {
    const entry = entries[document];
    return entry === undefined ? -1 : (rows.get(entry) ?? -1);
  };
  return { semantic: await buildSemanticIndex(model, { documentCount, termCounts, earlierRow }, pacer, earlier), familiarity };
}

/** Whether the space of a state is missing, or was learnt from a collection of quite another size or of other words. */
export function needsTraining({ entries, semantic, familiarity }: IndexState): boolean {
  return entries.length > 0 && (semantic === undefined || isOutgrown(semantic.model, entries.length) || isUnfamiliar(familiarity));
}

function isOutgrown(model: LsaModel, documentCount: number): boolean {
  return documentCount >= model.corpusSize * OUTGROWN || documentCount * OUTGROWN * OUTGROWN <= model.corpusSize;
}
