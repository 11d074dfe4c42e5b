/** The shapes of answers, whole and in events. */
import { absent, array, boolean, both, either, number, object, oneOf, optional, type Shape, string, tagged } from "./http/shape.ts";
import type { Answer, AnswerContent, AnswerEvent, AnswerWriter, Citation, NearMiss, SourceReference } from "./model.ts";

const passage = { documentId: string, path: string, title: string, headingPath: array(string), score: number };
const span = { start: number, end: number };

const citation: Shape<Citation> = object({ ...passage, ...span, number, chunkId: string, contentHash: string, quote: string });
const nearMiss: Shape<NearMiss> = object({ ...passage, ...span, text: string });
const source: Shape<SourceReference> = object({ ...passage, number });

const writer: Shape<AnswerWriter> = either(
  object<Extract<AnswerWriter, { answeredBy: "model" }>>({ answeredBy: oneOf("model"), model: string }),
  object<Exclude<AnswerWriter, { answeredBy: "model" }>>({ answeredBy: oneOf("extractive", "gate"), model: absent }),
);

const content: Shape<AnswerContent> = object<AnswerContent>({
  answer: string,
  answerable: boolean,
  citations: array(citation),
  nearMisses: array(nearMiss),
  sessionId: string,
  degraded: boolean,
  standaloneQuestion: optional(string),
  requestId: string,
});

export const answerShape: Shape<Answer> = both(content, writer);

type EventOf<Type extends AnswerEvent["type"]> = Extract<AnswerEvent, { type: Type }>;

export const answerEvent = tagged<AnswerEvent>({
  session: object<EventOf<"session">>({ type: oneOf("session"), sessionId: string }),
  sources: object<EventOf<"sources">>({ type: oneOf("sources"), sources: array(source) }),
  delta: object<EventOf<"delta">>({ type: oneOf("delta"), text: string }),
  done: object<EventOf<"done">>({ type: oneOf("done"), answer: answerShape }),
});
