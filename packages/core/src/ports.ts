/** Every interface to the outside. Adapters implement them; core never imports an adapter. */
import type { Answer, Chunk, DocumentSummary, IndexedChunk, SearchFilters, SearchHit, Session, SourceReference, StoredDocument } from "./model.ts";

/** Time, handed in. */
export interface Clock {
  /** Milliseconds since the epoch, for records people read. */
  now(): number;
  /** Monotonic milliseconds, for measuring and for deadlines. */
  monotonic(): number;
}

/** What a delete removed, store by store. */
export interface DeletionReceipt {
  readonly documentId: string;
  readonly path: string;
  readonly rows: { readonly documents: number; readonly chunks: number };
}

/** Which documents to list, in the order of their paths by code point. */
export interface DocumentListing {
  /** At most so many. */
  readonly limit: number;
  /** Only documents whose path comes after this one; it need not be there itself. */
  readonly after?: string | undefined;
  /** Only documents whose path begins with one of these; none of them admits nothing. */
  readonly pathPrefixes?: readonly string[] | undefined;
}

/** The record of documents and chunks. Every method throws `store_unavailable` when the store is away. */
export interface DocumentStore {
  /** Every document whose path begins with the prefix, in the order of their paths by code point. Default: all. */
  listDocuments(pathPrefix?: string): Promise<DocumentSummary[]>;
  listSomeDocuments(listing: DocumentListing): Promise<DocumentSummary[]>;
  getDocument(id: string): Promise<StoredDocument | undefined>;
  /** Stores a document and its chunks in one transaction, replacing what was there under the same id. Resolves only when it is durable. */
  replaceDocument(document: StoredDocument, chunks: readonly Chunk[]): Promise<void>;
  /** Removes a document and its chunks; undefined when there was none. */
  removeDocument(id: string): Promise<DeletionReceipt | undefined>;
  /** Ids of all chunks of all documents, in no order. */
  listChunkIds(): Promise<ReadonlySet<string>>;
  /** All chunks of these documents, default all, document by document, in order of ordinal. */
  loadChunks(documentIds?: readonly string[]): AsyncIterable<readonly IndexedChunk[]>;
}

/** Sessions by version; `save` never overwrites a newer version. */
export interface SessionStore {
  /** Undefined when there is none or it belongs to somebody else. */
  load(principal: string, id: string): Promise<Session | undefined>;
  /** Most recently updated first. */
  list(principal: string, limit: number): Promise<Session[]>;
  /**
   * Stores `session` if the stored version is `session.version - 1` (or none exists and the version is 1).
   * @returns false when somebody else was faster: load again and decide.
   */
  save(session: Session): Promise<boolean>;
  /** True when there was one to delete. */
  remove(principal: string, id: string): Promise<boolean>;
  /** Removes the oldest sessions of the principal until at most `keep` are left; returns how many went. */
  prune(principal: string, keep: number): Promise<number>;
}

/** One judgement of an answer by its reader. */
export interface Feedback {
  readonly id: string;
  readonly principal: string;
  readonly rating: "up" | "down";
  readonly requestId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly comment?: string | undefined;
  readonly atMs: number;
}

export interface FeedbackStore {
  /** Durable when resolved. A second write under the same id changes nothing and returns false. */
  saveFeedback(feedback: Feedback): Promise<boolean>;
  countFeedback(): Promise<{ readonly up: number; readonly down: number }>;
}

/** What a retriever found. */
export interface Retrieval {
  /** Best first; empty when nothing shares anything with the query. */
  readonly hits: readonly SearchHit[];
  /** A part that would have searched or ordered too was away. */
  readonly degraded: boolean;
}

/** Finds chunks. */
export interface Retriever {
  /** @throws the reason of `signal`. */
  retrieve(query: string, options: RetrieveOptions): Promise<Retrieval>;
}

export interface RetrieveOptions extends SearchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Times the steps within. */
  readonly timed?: Stopwatch | undefined;
}

export interface SearchOptions {
  /** How many hits at most. */
  readonly limit: number;
  readonly filters?: SearchFilters | undefined;
  /** Adds {@link HitExplanation} to each hit. */
  readonly explain?: boolean | undefined;
}

/** One message to a chat model. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatStreamOptions {
  readonly signal: AbortSignal;
  /** Tokens of the completion at most. */
  readonly maxTokens: number;
  /** Called at most once, before the first piece, by a model that stands for several: with the name of the one that writes. */
  readonly onWriter?: ((model: string) => void) | undefined;
  /** Called at most once, with the tokens of prompt and completion together, when the upstream tells them. */
  readonly onUsage?: ((tokens: number) => void) | undefined;
}

/** A language model that streams text. */
export interface ChatModel {
  /** Name of the model, as told to the reader of an answer. */
  readonly name: string;
  /**
   * Streams the completion in pieces of text. Ends normally only after the model said that it finished;
   * otherwise throws `llm_failed`, `llm_timeout` or `rate_limited`.
   */
  stream(messages: readonly ChatMessage[], options: ChatStreamOptions): AsyncIterable<string>;
}

/** An answer as kept for the next time it is asked for: everything but whose session it was. */
export interface CachedAnswer {
  readonly answer: Omit<Answer, "sessionId">;
  readonly sources: readonly SourceReference[];
}

/** Complete, well-founded answers by a key that holds all they depend on. Losing an entry costs time alone. */
export interface ResponseCache {
  get(key: string): Promise<CachedAnswer | undefined>;
  set(key: string, value: CachedAnswer): Promise<void>;
  /** Forgets every answer. @returns how many went. @throws RagError `store_unavailable` when the cache is away. */
  clear(): Promise<number>;
}

/** Counts and times, for metrics; every method is cheap and never throws. */
export interface Telemetry {
  /** Duration of one step of the pipeline, in milliseconds. */
  stage(stage: string, durationMs: number): void;
  /** A citation failed its comparison with the stored text and was dropped. */
  citationDropped(): void;
  /** An answer was not made anew: it came from the response cache, for this question or a similar one, or from the same question asked at the same time. */
  cacheHit(kind: "response" | "similar" | "flight"): void;
  /** An answer left the pipeline. */
  answered(outcome: "extractive" | "model" | "refused" | "failed"): void;
}

/** Told of a step of the pipeline as it ends: when it began and ended, in monotonic milliseconds. It never throws. */
export type OnStage = (stage: string, beganAtMs: number, endedAtMs: number, hasFailed: boolean) => void;

/** Runs a step and tells how long it took, whether it succeeded or not. */
export type Stopwatch = <T>(stage: string, work: () => Promise<T> | T) => Promise<T>;

/** Turns texts into vectors whose cosine says how much they have to do with each other. */
export interface Embedder {
  /** Names the model and everything else the vectors depend on; vectors of different ids are never compared. */
  readonly id: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /**
   * One vector of unit length per text, in their order.
   *
   * @throws RagError `overloaded` when too much waits already, `not_ready` while the model is away; the reason of `signal`.
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<readonly Float32Array[]>;
}

export interface EmbedOptions {
  /** Many models are trained to see a question and a passage in different clothes. */
  readonly purpose: "query" | "passage";
  readonly signal?: AbortSignal | undefined;
}

/** Reads a question together with each passage, which is slower and sharper than comparing vectors: a cross-encoder. */
export interface Reranker {
  /** Names the model. */
  readonly id: string;
  /**
   * Relevance of each passage, 0..1, in their order.
   *
   * @throws RagError `overloaded` when too much waits already, `not_ready` while the model is away; the reason of `signal`.
   */
  rerank(query: string, passages: readonly string[], options: { readonly signal?: AbortSignal | undefined }): Promise<readonly number[]>;
}

/** What all vectors of one index generation have in common. */
export interface VectorCollectionDescription {
  /** 1 for the first; a reindex builds the next one beside it. */
  readonly generation: number;
  readonly embedderId: string;
  readonly dimensions: number;
}

/** The vector of one chunk. */
export interface ChunkVector {
  readonly chunkId: string;
  readonly documentId: string;
  /** Of unit length. */
  readonly vector: Float32Array;
}

export interface VectorMatch {
  readonly chunkId: string;
  /** Cosine, -1..1. */
  readonly similarity: number;
}

export interface NearestOptions {
  readonly limit: number;
  /** Only chunks of these documents. */
  readonly documentIds?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The vectors of one index generation, derived from the record and rebuilt from it when lost. Every method throws
 * `store_unavailable` when the store is away, and then nothing is known of what it did: all writes may be repeated. It also
 * throws so, for ever, once the collection was dropped or lost: after any outage open it again, and compare what it lists.
 */
export interface VectorCollection {
  readonly description: VectorCollectionDescription;
  /**
   * Adds vectors or replaces them, in batches of the store's choosing; of several under one id the last counts.
   *
   * @throws RagError `invalid_request` when one has the wrong length or a number that is not finite, before anything is stored.
   */
  upsert(vectors: readonly ChunkVector[]): Promise<void>;
  /** Removes what is there of these chunks. */
  remove(chunkIds: readonly string[]): Promise<void>;
  /** Ids of all chunks that have a vector. Of those that are written or removed meanwhile, some may be there and some not. */
  listChunkIds(): Promise<ReadonlySet<string>>;
  /** The nearest chunks, nearest first. @throws RagError `invalid_request` as above; the reason of `signal`. */
  nearest(vector: Float32Array, options: NearestOptions): Promise<readonly VectorMatch[]>;
}

/** Keeps one collection per index generation. Every method throws `store_unavailable` when the store is away. */
export interface VectorStore {
  /**
   * The collection of a generation, created when there is none.
   *
   * @throws RagError `conflict` when there is one whose embedder or dimensions differ: its vectors must not be mixed with others.
   */
  open(description: VectorCollectionDescription): Promise<VectorCollection>;
  /** What is there of this program's. */
  list(): Promise<readonly VectorCollectionDescription[]>;
  /** Removes a collection; nothing happens when there is none. */
  drop(generation: number): Promise<void>;
  /** A word about the store, such as its version. */
  ping(): Promise<string>;
}
