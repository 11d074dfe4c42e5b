/** What the reference tells of a route beside its schemas. */
import type { ErrorCode } from "@rag-personal/core";

/** The chapters of the reference, in their order. */
export const TAGS = {
  Questions: "Cited answers, and passages without an answer.",
  Sessions: "Conversations. Each belongs to the key or the user that began it; for anybody else it does not exist.",
  Feedback: "Judgements of answers.",
  Documents: "What is stored of the documents.",
  Ingestion: "Reading the documents folder again.",
  Authentication: "From a password to an access token.",
  "API keys": "Keys with operations, folders and budgets of their own.",
  Users: "Who can log in.",
  Index: "What is derived from the record: the search index and the vectors.",
  Administration: "Figures, and what an operator does by hand.",
  Health: "For people, orchestrators and Prometheus.",
  Reference: "This document, and the page that shows it.",
} as const;

export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

type Examples = Readonly<Record<string, Example>>;

/** A parameter in the path or the query, or a header of the response. */
export interface Field {
  readonly description: string;
  readonly example: string | number | boolean;
}

export interface RouteDescription {
  /** Stable: generated clients name their methods after it. */
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  /** One line without a full stop. */
  readonly summary: string;
  /** Markdown; who may call it is added. */
  readonly description: string;
  /** Of the parameters in path and query, by their names. */
  readonly parameters?: Readonly<Record<string, Field>>;
  /** Bodies that can be sent as they stand. */
  readonly requests?: Examples;
  /** Where the body is a file, whatever it holds: examples by media types. */
  readonly files?: Readonly<Record<string, string>>;
  /** What a success says. */
  readonly success: string;
  /** Bodies of a success as JSON. */
  readonly responses?: Examples;
  /** Single events of a stream. */
  readonly events?: Examples;
  /** Bodies of a success that are not JSON, by their media types. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Headers of a success, besides those that every response has. */
  readonly headers?: Readonly<Record<string, Field>>;
  /** Codes of its own, besides those that follow from who may call it and from what it takes. */
  readonly errors?: readonly ErrorCode[];
  /** Whether a credential that is not needed changes the answer. */
  readonly tellsMoreToCallersWithCredential?: true;
}

/** By the route, such as `GET /sessions/:id`. */
export type RouteDescriptions = Readonly<Record<string, RouteDescription>>;
