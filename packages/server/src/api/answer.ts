/** Answers as they go over the wire, whole and in events. */
import type { Answer, AnswerEvent } from "@rag-personal/core";
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

export const answer = z.object({
  answer: z.string(),
  answerable: z.boolean(),
  answeredBy: z.enum(["extractive", "model", "gate"]),
  /** With `answeredBy: "model"`: which one. */
  model: z.string().optional(),
  citations: z.array(citation),
  nearMisses: z.array(nearMiss),
  sessionId: z.string(),
  degraded: z.boolean(),
  standaloneQuestion: z.string().optional(),
  requestId: z.string(),
});

const source = z.object({
  number: z.int().min(1),
  documentId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  score: share,
});

/** One `session`, one `sources`, any number of `delta`, then one `done`. */
export const answerEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session"), sessionId: z.string() }),
  z.object({ type: z.literal("sources"), sources: z.array(source) }),
  z.object({ type: z.literal("delta"), text: z.string() }),
  z.object({ type: z.literal("done"), answer }),
]);

export type WireAnswer = Immutable<z.output<typeof answer>>;
export type WireAnswerEvent = Immutable<z.output<typeof answerEvent>>;

export function wireAnswer(given: Answer, requestId: string): WireAnswer {
  const { answeredBy, ...rest } = given;
  return { ...rest, answeredBy: answeredBy.kind, ...(answeredBy.kind === "model" ? { model: answeredBy.model } : {}), requestId };
}

export function wireAnswerEvent(event: AnswerEvent, requestId: string): WireAnswerEvent {
  return event.type === "done" ? { type: "done", answer: wireAnswer(event.answer, requestId) } : event;
}
