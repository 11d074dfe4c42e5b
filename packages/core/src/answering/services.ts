/** What the answer pipeline works with: one object of ports. */
import type { ChatModel, Clock, DocumentStore, ResponseCache, Retriever, SessionStore, Telemetry } from "../ports.ts";
import type { CircuitBreaker } from "../resilience/breaker.ts";
import type { CallBudget } from "../resilience/call-budget.ts";
import type { SessionLimits } from "../sessions/session-limits.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { SimilarQuestions } from "./similar-questions.ts";
import type { SingleFlight } from "./single-flight.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** A language model with what guards it. */
export interface AnswerModel {
  readonly chat: ChatModel;
  readonly breaker: CircuitBreaker;
  readonly budget: CallBudget;
  /** What happens when the model fails before its first word: its error, or an extractive answer marked `degraded`. */
  readonly fallback: "none" | "extractive";
  /** Tokens of one answer at most. */
  readonly maxTokens: number;
}

export interface AnswerServices {
  readonly retriever: Retriever;
  readonly documents: Pick<DocumentStore, "getDocument">;
  readonly sessions: SessionStore;
  readonly turns: TurnQueue;
  readonly cache: ResponseCache;
  /** Without it, an answer is given again for the same question alone. */
  readonly similarQuestions?: SimilarQuestions | undefined;
  readonly flight: SingleFlight;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** An id that nobody can guess; also used as the secret of a prompt's fences. */
  newId(): string;
  /** SHA-256 of the text as UTF-8, in hexadecimal. */
  digest(text: string): string | Promise<string>;
  /** The analyzer of the retriever's index. */
  readonly analyzer: Analyzer;
  /** Names all that a search depends on, the same in every process that holds the same; changes whenever it may find something else. */
  indexFingerprint(): string;
  /** Of an analysed term in the whole collection. Without it, the retrieved passages stand for the collection. */
  readonly inverseDocumentFrequency?: ((term: string) => number) | undefined;
  readonly limits: SessionLimits;
  /** Without a model the answer is made of verbatim quotes. */
  readonly model?: AnswerModel | undefined;
}
