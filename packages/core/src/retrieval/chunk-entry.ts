/** What the index keeps of one chunk: its terms in order, their counts, and its wording for finding near-duplicates. */
import { countTerms, type TermCounts } from "../lexical/term-counts.ts";
import type { Vocabulary } from "../lexical/vocabulary.ts";
import type { IndexedChunk } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { splitSentences } from "../text/sentences.ts";
import { type Digest, digestText } from "./fingerprint.ts";
import { readWording, type Wording } from "./near-duplicates.ts";

export interface ChunkEntry {
  readonly chunk: IndexedChunk;
  /** Term numbers of the text, in order, without stop words. */
  readonly sequence: Uint32Array;
  /** For each sentence that has terms, the position in `sequence` just after its last one; ascending. */
  readonly sentenceEnds: Uint32Array;
  /** Distinct term numbers of title and headings. */
  readonly titleTerms: Uint32Array;
  /** Counts of the text's terms, and one of each title or heading term that the text lacks. */
  readonly counts: TermCounts;
  /** Of the text without its title and headings. */
  readonly wording: Wording;
  /** Of the text and of everything around it that a hit shows or a filter reads. */
  readonly digest: Digest;
}

/** Analyses a chunk, adding its terms to the vocabulary. */
export function createChunkEntry(chunk: IndexedChunk, analyzer: Analyzer, vocabulary: Vocabulary): ChunkEntry {
  const sequence: number[] = [];
  const sentenceEnds: number[] = [];
  for (const { start, end } of splitSentences(chunk.text)) {
    const before = sequence.length;
    for (const term of analyzer.terms(chunk.text.slice(start, end))) sequence.push(vocabulary.add(term));
    if (sequence.length > before) sentenceEnds.push(sequence.length);
  }
  const present = new Set(sequence);
  const titleTerms = new Set(analyzer.terms([chunk.title, ...chunk.headingPath].join("\n")).map((term) => vocabulary.add(term)));
  const missing = [...titleTerms].filter((term) => !present.has(term));
  return {
    chunk,
    sequence: Uint32Array.from(sequence),
    sentenceEnds: Uint32Array.from(sentenceEnds),
    titleTerms: Uint32Array.from(titleTerms),
    counts: countTerms([...sequence, ...missing]),
    wording: readWording(chunk.text),
    digest: digestChunk(chunk),
  };
}

/** The text takes part although the content hash covers it: another extractor may read the same file differently. */
function digestChunk({ documentId, contentHash, ordinal, start, end, path, title, headingPath, text }: IndexedChunk): Digest {
  return digestText(JSON.stringify([`${documentId}:${contentHash}`, ordinal, start, end, path, title, headingPath, text]));
}
