/** `@rag-personal/client`: asks a RAG Personal server and gets cited answers, whole or as they are written. */
export type { Admin, Backup, BackupOptions, BreakerState, ClearedCache, Statistics } from "./admin/admin.ts";
export type { ApiKey, ApiKeys, CreatedApiKey, KeyOperation, NewApiKey } from "./admin/api-keys.ts";
export type { DoctorFinding, DoctorReport, IndexDescription, VectorGeneration, VectorStatus } from "./admin/index-administration.ts";
export type { NewUser, User, Users } from "./admin/users.ts";
export type { Chat } from "./chat.ts";
export { type ChatClient, type Client, createChatClient, createClient } from "./client.ts";
export type { DeletionReceipt, DocumentList, DocumentPage, DocumentSummary, StoredDocument } from "./documents/document.ts";
export type { DocumentFilter, Documents } from "./documents/documents.ts";
export type { Upload, UploadedDocument, UploadOptions } from "./documents/upload.ts";
export type { UploadProgress } from "./documents/upload-progress.ts";
export * from "./errors.ts";
export type { Feedback, FeedbackOptions, GiveFeedback, StoredFeedback } from "./feedback.ts";
export type { Health, HealthComponent, ReadHealth } from "./health.ts";
export type { AbortSignalLike, BlobLike, BodyReader, ByteStreamLike, FetchInit, FetchLike, FetchResponse } from "./http/fetch-like.ts";
export type { RequestEvent, ResponseEvent } from "./http/hooks.ts";
export type { ResponseInfo, ResponsePromise, WithResponse } from "./http/response-promise.ts";
export type { IngestionHandle, WaitOptions } from "./ingestion/handle.ts";
export type {
  FileResult,
  IngestionEvent,
  IngestionJob,
  IngestionJobFilter,
  IngestionJobList,
  IngestionJobPage,
  IngestionJobSummary,
  IngestionProgress,
} from "./ingestion/job.ts";
export type {
  Answer,
  AnswerContent,
  AnswerEvent,
  AnswerWriter,
  ChatRequest,
  Citation,
  NearMiss,
  SearchFilters,
  SourceReference,
} from "./model.ts";
export type { OpenUnion } from "./open-union.ts";
export type { CallOptions, ClientOptions, Credentials, StreamOptions } from "./options.ts";
export type { PagedList } from "./paged-list.ts";
export type { Search, SearchHit, SearchRequest, SearchResult } from "./search.ts";
export type { Session, SessionFilter, SessionList, SessionPage, SessionSummary, Sessions, Turn } from "./sessions.ts";
export type { AnswerStream } from "./streaming/answer-stream.ts";
export type { Time } from "./time.ts";
