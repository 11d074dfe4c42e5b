/** Parses what the server sends into the model: the boundary behind which types are trusted. */
import { BadResponseError } from "./errors/client-errors.ts";
import { asProblem, toApiError } from "./http/problem.ts";
import { parseJson } from "./http/response-body.ts";
import { absent, array, boolean, both, either, matches, number, object, oneOf, optional, type Shape, string } from "./http/shape.ts";
import type { Answer, AnswerContent, AnswerEvent, AnswerWriter, Citation, NearMiss, SourceReference } from "./model.ts";
import type { ParsedEvent } from "./streaming/event-parser.ts";

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

const answer: Shape<Answer> = both(content, writer);
const session = object({ sessionId: string });
const sources = object({ sources: array(source) });
const delta = object({ text: string });

/** What an error about a response tells of it. */
export interface ResponseContext {
  readonly status: number;
  readonly requestId: string | undefined;
}

function decode<T>(shape: Shape<T>, text: string, what: string, context: ResponseContext): T {
  const value = parseJson(text);
  if (matches(shape, value)) return value;
  const where = value === undefined ? "not JSON" : `wrong at ${shape.mismatch(value, "") || "its root"}`;
  throw new BadResponseError(`${what} is ${where}. Is the server older or newer than this package?`, context);
}

/** @throws BadResponseError unless it is an answer. */
export const parseAnswer = (text: string, context: ResponseContext): Answer => decode(answer, text, "The answer", context);

/**
 * @returns undefined for an event this package does not know: a newer server may send more kinds.
 * @throws ApiError for an `error` event, BadResponseError for one that is not what its name says.
 */
export function parseAnswerEvent({ event, data }: ParsedEvent, context: ResponseContext): AnswerEvent | undefined {
  const what = `The stream's ${event} event`;
  switch (event) {
    case "session":
      return { type: "session", sessionId: decode(session, data, what, context).sessionId };
    case "sources":
      return { type: "sources", sources: decode(sources, data, what, context).sources };
    case "delta":
      return { type: "delta", text: decode(delta, data, what, context).text };
    case "done":
      return { type: "done", answer: decode(answer, data, what, context) };
    case "error": {
      const problem = asProblem(parseJson(data));
      if (problem === undefined) throw new BadResponseError(`${what} is not a problem document.`, context);
      throw toApiError(problem, { status: problem.status, requestId: context.requestId });
    }
    default:
      return undefined;
  }
}
