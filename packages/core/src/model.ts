/** The nouns of the domain, as plain immutable data. */

/** Formats that can be read; each is turned into one stored text. */
export type DocumentFormat = "markdown" | "text" | "html" | "csv" | "json";

/** A document as stored. `text` is what every offset in the system points into. */
export interface StoredDocument {
  /** `doc_` and 24 hexadecimal digits, derived from the path: it survives a change of content. */
  readonly id: string;
  /** Path below the documents folder, `/` as separator. */
  readonly path: string;
  readonly title: string;
  readonly format: DocumentFormat;
  /** SHA-256 of `text` as UTF-8, in hexadecimal. */
  readonly contentHash: string;
  /** SHA-256 of the file's bytes, in hexadecimal: tells whether the file changed without reading it anew as text. */
  readonly sourceHash: string;
  /** Size of the source file in bytes. */
  readonly sizeBytes: number;
  /** Milliseconds since the epoch at which this version was stored. */
  readonly updatedAtMs: number;
  /** The text, UTF-16 as JavaScript has it. Offsets count UTF-16 units. */
  readonly text: string;
}

/** A document without its text. */
export interface DocumentSummary extends Omit<StoredDocument, "text"> {
  readonly chunkCount: number;
}

/** A span of a document's text, the unit of retrieval. `document.text.slice(start, end) === text`, always. */
export interface Chunk {
  /** `<document id>.<first 8 digits of the content hash>.<ordinal>`. */
  readonly id: string;
  readonly documentId: string;
  /** 0-based position among the document's chunks. */
  readonly ordinal: number;
  readonly start: number;
  readonly end: number;
  /** Headings above the chunk, outermost first. */
  readonly headingPath: readonly string[];
  readonly text: string;
}

/** A chunk with what retrieval and citations need to know of its document. */
export interface IndexedChunk extends Chunk {
  readonly path: string;
  readonly title: string;
  readonly contentHash: string;
}

/** Restricts a search; all given fields must hold. */
export interface SearchFilters {
  /** Only documents whose path begins with one of these. */
  readonly pathPrefixes?: readonly string[] | undefined;
  readonly documentIds?: readonly string[] | undefined;
}

/** How a hit came by its score; every part lies in 0..1 after normalisation. */
export interface HitExplanation {
  readonly signals: Readonly<Record<string, number>>;
}

/** One retrieved chunk. */
export interface SearchHit {
  readonly chunk: IndexedChunk;
  /**
   * Probability, 0..1, that a reader would call it relevant, as calibrated on questions that have an answer. It orders the hits of
   * one search; whether there is an answer at all is for `evidence` to say.
   */
  readonly score: number;
  /** Absolute evidence signals used by the gate; comparable between searches. */
  readonly evidence: EvidenceSignals;
  readonly explanation?: HitExplanation;
}

/** What the evidence gate looks at; each lies in 0..1. */
export interface EvidenceSignals {
  /** Share of the question's weight whose terms occur in the chunk, its title or its headings. The rarer a term, the more it weighs. */
  readonly termCoverage: number;
  /** Share of the question's neighbouring pairs of terms, by weight, that stand close to each other in the chunk; 0 for a single term. */
  readonly phraseCoverage: number;
  /** Cosine of question and chunk in the semantic space; 0 without one. */
  readonly semanticSimilarity: number;
  /** Share of the question's content terms that occur anywhere in the collection. */
  readonly knownTerms: number;
}

/** One verified quotation. */
export interface Citation {
  /** 1-based number of the source, as written `[1]` in the answer; two quotes of one source are two citations with its number. */
  readonly number: number;
  readonly documentId: string;
  readonly chunkId: string;
  readonly contentHash: string;
  readonly path: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  /** Offsets of `quote` in the document's stored text. */
  readonly start: number;
  readonly end: number;
  readonly quote: string;
  readonly score: number;
}

/** A passage that came close but was not enough: the reason given with a refusal. */
export interface NearMiss {
  readonly documentId: string;
  readonly path: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** How likely the passage was found to answer, 0..1; not enough, or it would not stand here. */
  readonly score: number;
}

/** Who wrote the answer. */
export type AnsweredBy = { readonly kind: "extractive" } | { readonly kind: "model"; readonly model: string } | { readonly kind: "gate" };

/** A finished answer. */
export interface Answer {
  readonly answer: string;
  /** False when the documents do not hold enough evidence; `nearMisses` then says what came closest. */
  readonly answerable: boolean;
  readonly answeredBy: AnsweredBy;
  readonly citations: readonly Citation[];
  readonly nearMisses: readonly NearMiss[];
  readonly sessionId: string;
  /** Something was left out to be able to answer at all: the model that should have written, or the memory of this turn. */
  readonly degraded: boolean;
  /** The standalone question that was searched for, when a follow-up was rewritten. */
  readonly standaloneQuestion?: string;
}

/** What the pipeline emits, in this order: one `session`, one `sources`, any number of `delta`, then one `done`. */
export type AnswerEvent = { readonly type: "session"; readonly sessionId: string } | AnswerPart | { readonly type: "done"; readonly answer: Answer };

/** The same without a session: one `sources`, any number of `delta`, then one `done`. */
export type ConversationEvent = AnswerPart | { readonly type: "done"; readonly answer: Omit<Answer, "sessionId"> };

/** What is emitted while an answer comes about. */
export type AnswerPart =
  | { readonly type: "sources"; readonly sources: readonly SourceReference[] }
  | { readonly type: "delta"; readonly text: string };

/** A numbered source offered to the writer of the answer. */
export interface SourceReference {
  readonly number: number;
  readonly documentId: string;
  readonly path: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly score: number;
}

/** One question and its answer within a session. */
export interface Turn {
  readonly question: string;
  readonly standaloneQuestion: string;
  readonly answer: string;
  readonly answerable: boolean;
  /** Titles of the cited documents, for rewriting follow-ups. */
  readonly citedTitles: readonly string[];
  readonly atMs: number;
}

/** A conversation. Written by compare-and-set on `version`. */
export interface Session {
  readonly id: string;
  /** Who owns it; nobody else may learn that it exists. */
  readonly principal: string;
  readonly version: number;
  readonly turns: readonly Turn[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}
