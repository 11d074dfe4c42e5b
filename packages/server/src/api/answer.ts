/** Answers as they go over the wire, whole and in events. */
import type { Answer, AnswerEvent, ConversationEvent } from "@rag-personal/core";
import { z } from "zod";
import { count, share } from "./fields.ts";
import type { Immutable } from "./procedure.ts";

const passage = {
  documentId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  /** Offsets into the document's stored text, in UTF-16 units. */
  start: count,
  end: count,
  score: share,
};

const citation = z.object({ ...passage, number: z.int().min(1), chunkId: z.string(), contentHash: z.string(), quote: z.string() });

const nearMiss = z.object({ ...passage, text: z.string() });

const standingAlone = {
  answer: z.string(),
  answerable: z.boolean(),
  answeredBy: z.enum(["extractive", "model", "gate"]),
  /** With `answeredBy: "model"`: which one. */
  model: z.string().optional(),
  citations: z.array(citation),
  nearMisses: z.array(nearMiss),
  degraded: z.boolean(),
  standaloneQuestion: z.string().optional(),
  requestId: z.string(),
};

export const answer = z.object({ ...standingAlone, sessionId: z.string() });

/** An answer outside of any session. */
export const conversationAnswer = z.object(standingAlone);

const source = z.object({
  number: z.int().min(1),
  documentId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  score: share,
});

const sourcesEvent = z.object({ type: z.literal("sources"), sources: z.array(source) });
const deltaEvent = z.object({ type: z.literal("delta"), text: z.string() });

/** One `session`, one `sources`, any number of `delta`, then one `done`. */
export const answerEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session"), sessionId: z.string() }),
  sourcesEvent,
  deltaEvent,
  z.object({ type: z.literal("done"), answer }),
]);

/** The same without a session. */
export const conversationEvent = z.discriminatedUnion("type", [
  sourcesEvent,
  deltaEvent,
  z.object({ type: z.literal("done"), answer: conversationAnswer }),
]);

export type WireAnswer = Immutable<z.output<typeof answer>>;
export type WireAnswerEvent = Immutable<z.output<typeof answerEvent>>;

export type WireConversationAnswer = Immutable<z.output<typeof conversationAnswer>>;
export type WireConversationEvent = Immutable<z.output<typeof conversationEvent>>;

export function wireAnswer({ sessionId, ...given }: Answer, requestId: string): WireAnswer {
  return { ...wireConversationAnswer(given, requestId), sessionId };
}

function wireConversationAnswer({ answeredBy, ...rest }: Omit<Answer, "sessionId">, requestId: string): WireConversationAnswer {
  return { ...rest, answeredBy: answeredBy.kind, ...(answeredBy.kind === "model" ? { model: answeredBy.model } : {}), requestId };
}

export function wireAnswerEvent(event: AnswerEvent, requestId: string): WireAnswerEvent {
  return event.type === "done" ? { type: "done", answer: wireAnswer(event.answer, requestId) } : event;
}

export function wireConversationEvent(event: ConversationEvent, requestId: string): WireConversationEvent {
  return event.type === "done" ? { type: "done", answer: wireConversationAnswer(event.answer, requestId) } : event;
}
