/** What is asked and answered, as it goes over the wire. */

/** Restricts what an answer may rest on; all given fields must hold. */
export interface SearchFilters {
  /** Only documents whose path begins with one of these. */
  readonly pathPrefixes?: readonly string[] | undefined;
  readonly documentIds?: readonly string[] | undefined;
}

/** A question to the documents. */
export interface ChatRequest {
  /** In any words; it must not be empty. */
  readonly question: string;
  /** Of an earlier answer, to go on with its conversation. Default: a new one. */
  readonly sessionId?: string | undefined;
  /** Default: all documents. */
  readonly filters?: SearchFilters | undefined;
}

/** One verified quotation. */
export interface Citation {
  /** 1-based, as written `[1]` in the answer. */
  readonly number: number;
  readonly documentId: string;
  readonly chunkId: string;
  /** SHA-256 of the document's stored text, in hexadecimal: tells whether the document has changed since. */
  readonly contentHash: string;
  /** Path below the server's documents folder, `/` as separator. */
  readonly path: string;
  readonly title: string;
  /** Headings above the quotation, outermost first. */
  readonly headingPath: readonly string[];
  /** Offset of `quote` in the document's stored text, in UTF-16 units. */
  readonly start: number;
  /** Offset behind the last unit of `quote`. */
  readonly end: number;
  readonly quote: string;
  /** Relevance, higher is better; comparable within one answer only. */
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
  readonly score: number;
}

/** A numbered source offered to the writer of the answer. */
export interface SourceReference {
  readonly number: number;
  readonly documentId: string;
  readonly path: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly score: number;
}

/** Who wrote an answer: a language model, the sentences of the documents themselves, or the gate that found too little evidence. */
export type AnswerWriter =
  | { readonly answeredBy: "model"; readonly model: string }
  | { readonly answeredBy: "extractive" | "gate"; readonly model?: undefined };

/** A finished answer without its writer. */
export interface AnswerContent {
  readonly answer: string;
  /** False when the documents do not hold enough evidence; `nearMisses` then says what came closest. */
  readonly answerable: boolean;
  readonly citations: readonly Citation[];
  readonly nearMisses: readonly NearMiss[];
  /** Give it with the next question to go on with the conversation. */
  readonly sessionId: string;
  /** True when something the server would normally use was away, so that the answer may be poorer. */
  readonly degraded: boolean;
  /** The standalone question that was searched for, when a follow-up was rewritten. */
  readonly standaloneQuestion?: string;
  /** The same id as in the server's log. */
  readonly requestId: string;
}

/** A finished answer. */
export type Answer = AnswerContent & AnswerWriter;

/** What a stream brings, in this order: one `session`, one `sources`, any number of `delta`, then one `done`. */
export type AnswerEvent =
  | { readonly type: "session"; readonly sessionId: string }
  | { readonly type: "sources"; readonly sources: readonly SourceReference[] }
  | { readonly type: "delta"; readonly text: string }
  | { readonly type: "done"; readonly answer: Answer };
