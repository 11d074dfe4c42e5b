/** A completion as a stream of chunks, ended by `[DONE]`, or by an error that no client takes for an end. */
import type { WireConversationEvent } from "../api/answer.ts";
import type { RequestCaller } from "../http/caller.ts";
import { callerStreamResponse } from "../http/caller-stream.ts";
import type { ServerEvent } from "../http/event-stream.ts";
import type { AppServices } from "../services.ts";
import { type AnswerText, createAnswerText } from "./answer-text.ts";
import type { ChatRequest } from "./chat-request.ts";
import { type CompletionHead, completionChunk, extensionOf, finishReasonOf, usageOf } from "./completion.ts";
import { openAiError } from "./error-shape.ts";

export interface ChatStreamOptions {
  readonly head: CompletionHead;
  readonly request: ChatRequest;
  readonly footnotes: boolean;
  readonly maxTokens: number | undefined;
}

const DONE: ServerEvent = { data: "[DONE]", isText: true };

/**
 * Waits for the first word, so that a model that is away or busy is a response with its own status, which clients try again; what fails
 * later is an `error` event.
 */
export async function chatStreamResponse(
  services: Pick<AppServices, "log" | "limits">,
  caller: RequestCaller,
  events: AsyncIterable<WireConversationEvent>,
  options: ChatStreamOptions,
): Promise<Response> {
  const source = events[Symbol.asyncIterator]();
  let sources = 0;
  let first = await source.next();
  for (; first.done !== true && first.value.type === "sources"; first = await source.next()) sources = first.value.sources.length;
  const text = createAnswerText({ ...options, sources });

  async function* serverEvents(): AsyncGenerator<ServerEvent> {
    yield { data: completionChunk(options.head, { delta: { role: "assistant", content: "" } }, usagePlace(options.request)) };
    for (let next = first; next.done !== true; next = await source.next()) yield* chunksOf(next.value, text, options);
  }
  return callerStreamResponse(services, caller, { source, events: serverEvents(), describeError: openAiError });
}

/** A client that wants the usage is told in every chunk that it is still to come. */
const usagePlace = ({ stream_options }: ChatRequest): null | undefined => (stream_options?.include_usage === true ? null : undefined);

function* chunksOf(event: WireConversationEvent, text: AnswerText, { head, request }: ChatStreamOptions): Generator<ServerEvent> {
  const usage = usagePlace(request);
  const piece = (content: string): ServerEvent[] => (content === "" ? [] : [{ data: completionChunk(head, { delta: { content } }, usage) }]);
  switch (event.type) {
    case "sources":
      return;
    case "delta":
      yield* piece(text.push(event.text));
      return;
    case "done":
      yield* piece(text.end(event.answer));
      yield { data: { ...completionChunk(head, { finishReason: finishReasonOf(text) }, usage), rag: extensionOf(event.answer, request) } };
      if (usage === null) yield { data: { ...completionChunk(head, {}, null), choices: [], usage: usageOf(request, text.text) } };
      yield DONE;
  }
}
