/** `@rag-personal/client`: asks a RAG Personal server and gets cited answers, whole or as they are written. */
export type { Chat } from "./chat.ts";
export { type Client, createClient } from "./client.ts";
export * from "./errors.ts";
export type { AbortSignalLike, BodyReader, FetchInit, FetchLike, FetchResponse } from "./http/fetch-like.ts";
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
export type { CallOptions, ClientOptions, StreamOptions } from "./options.ts";
export type { AnswerStream } from "./streaming/answer-stream.ts";
export type { Time } from "./time.ts";
