/** Answers as they go over the wire, whole and in events. */
import type { Answer, AnswerEvent, ConversationEvent } from "@rag-personal/core";
import * as z from "zod";
import { offset, share } from "./fields.ts";
import type { Immutable } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const passage = {
  documentId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  start: offset("Where it begins"),
  end: offset("Where it ends"),
  score: share,
};

const citation = z
  .object({
    ...passage,
    number: z.int().min(1).describe("It stands for `[n]` in the answer; quotes of one source share it."),
    chunkId: z.string(),
    contentHash: z.string().describe("SHA-256 of the stored text that the quote was compared with."),
    quote: z.string().describe("Word for word what stands there."),
  })
  .describe("A passage that the answer rests on, compared with the stored text.")
  .register(schemaNames, { name: "Citation" });

const nearMiss = z
  .object({ ...passage, text: z.string() })
  .describe("A passage that came close and does not answer the question.")
  .register(schemaNames, { name: "NearMiss" });

const standingAlone = {
  answer: z.string(),
  answerable: z.boolean().describe("False for a refusal: the documents do not hold the answer."),
  answeredBy: z
    .enum(["extractive", "model", "gate"])
    .describe("A model, verbatim quotations, or the gate in front of both, which refuses for want of evidence."),
  model: z.string().optional().describe('With `answeredBy: "model"`: which one.'),
  citations: z.array(citation),
  nearMisses: z.array(nearMiss).describe("With a refusal: what came closest."),
  degraded: z.boolean().describe("Whether the answer was made without a part that would normally have been used."),
  standaloneQuestion: z.string().optional().describe("With a follow-up that was rewritten: what was searched for."),
  requestId: z.string(),
};

export const answer = z
  .object({ ...standingAlone, sessionId: z.string().describe("Send it with the next question to go on.") })
  .register(schemaNames, { name: "Answer" });

/** An answer outside of any session. */
export const conversationAnswer = z.object(standingAlone);

export const source = z
  .object({
    number: z.int().min(1),
    documentId: z.string(),
    path: z.string(),
    title: z.string(),
    headingPath: z.array(z.string()),
    score: share,
  })
  .describe("What the answer may cite.")
  .register(schemaNames, { name: "Source" });

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
