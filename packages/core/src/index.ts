/** The public surface of the core package, listed one by one. */
export { type AnswerRequest, answerInConversation, answerQuestion, type ConversationRequest } from "./answering/answer.ts";
export { createResponseCache, type ResponseCacheOptions } from "./answering/response-cache.ts";
export type { AnswerModel, AnswerServices } from "./answering/services.ts";
export { createSimilarQuestions, type SimilarQuestions } from "./answering/similar-questions.ts";
export { createSingleFlight, type SingleFlight } from "./answering/single-flight.ts";
export { createTieredResponseCache } from "./answering/tiered-response-cache.ts";
export { createTurnQueue, type TurnQueue } from "./answering/turn-queue.ts";
export { findFirstHeading } from "./chunking/blocks.ts";
export { type ChunkableText, type ChunkOptions, type ChunkSpan, chunkDocument } from "./chunking/chunk-document.ts";
export { ERROR_STATUS, type ErrorCode, RagError, type RagErrorOptions } from "./errors.ts";
export type { IngestionEvent, IngestionFailure, IngestionOutcome } from "./ingestion/events.ts";
export { documentIdOf, type FileEvent, type FileIngestionDependencies, ingestFile } from "./ingestion/ingest-file.ts";
export { type FileWorkers, type IngestionDependencies, type IngestionIndex, runIngestion } from "./ingestion/run.ts";
export { runSources } from "./ingestion/run-sources.ts";
export {
  type DocumentSource,
  type IngestionStage,
  type SourceDocument,
  type SourceEntry,
  type SourceFailure,
  UnprocessableDocument,
} from "./ingestion/source.ts";
export type {
  Answer,
  AnswerEvent,
  AnsweredBy,
  Chunk,
  Citation,
  ConversationEvent,
  DocumentFormat,
  DocumentSummary,
  EvidenceSignals,
  HitExplanation,
  IndexedChunk,
  NearMiss,
  SearchFilters,
  SearchHit,
  Session,
  SourceReference,
  StoredDocument,
  Turn,
} from "./model.ts";
export type { YieldNow } from "./pacing.ts";
export type {
  CachedAnswer,
  ChatMessage,
  ChatModel,
  ChatStreamOptions,
  ChunkVector,
  Clock,
  DeletionReceipt,
  DocumentListing,
  DocumentStore,
  Embedder,
  EmbedOptions,
  Feedback,
  FeedbackStore,
  NearestOptions,
  OnStage,
  Reranker,
  ResponseCache,
  Retrieval,
  RetrieveOptions,
  Retriever,
  SearchOptions,
  SessionPosition,
  SessionStore,
  Telemetry,
  VectorCollection,
  VectorCollectionDescription,
  VectorMatch,
  VectorStore,
} from "./ports.ts";
export {
  type BreakerPermit,
  type BreakerState,
  type BreakerTransition,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  createCircuitBreaker,
} from "./resilience/breaker.ts";
export {
  budgetSpent,
  type CallBudget,
  type CallBudgetOptions,
  type CallGrant,
  type CallRequest,
  type CallReservation,
  type CallWindow,
  createCallBudget,
} from "./resilience/call-budget.ts";
export { type CallWindowOptions, createCallWindow } from "./resilience/call-window.ts";
export { type StreamDeadlineOptions, type StreamTimeout, streamWithDeadlines } from "./resilience/deadline.ts";
export { isModelEvidence, UpstreamStatusError } from "./resilience/model-evidence.ts";
export { createFallbackChatModel, type FallbackCandidate, type FallbackChatModelOptions } from "./resilience/model-fallback.ts";
export type { Timers } from "./resilience/timers.ts";
export { estimateTextTokens, estimateTokens } from "./resilience/token-estimate.ts";
export {
  createHybridIndex,
  type HybridIndex,
  type HybridIndexOptions,
  type HybridIndexStats,
  type RefreshOptions,
} from "./retrieval/hybrid-index.ts";
export type { NearestChunks } from "./retrieval/neighbours.ts";
export { createRetriever, type NeighbourSearch, passageOf, type RetrieverParts } from "./retrieval/retriever.ts";
export type { SemanticSpace } from "./semantic/semantic-space.ts";
export { createSpaceEmbedder } from "./semantic/space-embedder.ts";
export { type Continuation, continuationOf } from "./sessions/continuation.ts";
export {
  createFallbackSessionStore,
  type FallbackSessionStore,
  type FallbackSessionStoreOptions,
  type FallbackStatus,
} from "./sessions/fallback-session-store.ts";
export { createMemorySessionStore, type MemorySessionStoreOptions } from "./sessions/memory-session-store.ts";
export type { SessionLimits } from "./sessions/session-limits.ts";
export { type Analyzer, type AnalyzerOptions, createAnalyzer, type Token } from "./text/analyzer.ts";
export { type SentenceOptions, type Span, splitSentences } from "./text/sentences.ts";
export { examineVectors, type VectorExamination } from "./vectors/examine-vectors.ts";
export type { EmbeddingStore, GenerationStore, IndexGeneration } from "./vectors/generations.ts";
export { createMemoryVectorStore } from "./vectors/memory-vector-store.ts";
export { checkVector, refuseMixing } from "./vectors/vector-checks.ts";
export { createVectorIndex, type VectorIndex, type VectorIndexDependencies, type VectorIndexStatus } from "./vectors/vector-index.ts";
export { createModelVectorizer, createSpaceVectorizer, type Vectorizer } from "./vectors/vectorizer.ts";
