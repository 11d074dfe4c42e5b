/** A completion as a stream of chunks, ended by `[DONE]`, or by an error that no client takes for an end. */
import type { WireConversationEvent } from "../api/answer.ts";
import type { RequestCaller } from "../http/caller.ts";
import { eventStreamResponse, type ServerEvent } from "../http/event-stream.ts";
import { toRagError } from "../http/problem.ts";
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
  { log, limits }: Pick<AppServices, "log" | "limits">,
  caller: RequestCaller,
  events: AsyncIterable<WireConversationEvent>,
  options: ChatStreamOptions,
): Promise<Response> {
  const { requestId } = caller;
  const iterator = events[Symbol.asyncIterator]();
  let sources = 0;
  let first = await iterator.next();
  for (; first.done !== true && first.value.type === "sources"; first = await iterator.next()) sources = first.value.sources.length;
  const text = createAnswerText({ ...options, sources });

  async function* serverEvents(): AsyncGenerator<ServerEvent> {
    try {
      yield { data: chunk({ delta: { role: "assistant", content: "" } }) };
      for (let next = first; next.done !== true; next = await iterator.next()) yield* chunksOf(next.value, text, options);
    } catch (thrown) {
      const error = toRagError(thrown);
      if (!caller.signal.aborted) log.warn({ requestId, err: error.cause ?? error, code: error.code }, "stream failed");
      yield { event: "error", data: openAiError(error) };
    } finally {
      // However the reader went, what is behind the stream must come to its end too.
      await iterator.return?.(undefined);
    }
  }

  const chunk = (parts: Parameters<typeof completionChunk>[1]) => completionChunk(options.head, parts, usagePlace(options.request));
  return eventStreamResponse({
    events: serverEvents(),
    headers: { "x-request-id": requestId },
    onClose: () => caller.leave(),
    onUnread() {
      log.info({ requestId, unreadMs: limits.streamWriteTimeoutMs }, "stream cut: its reader takes nothing");
      return caller.cut();
    },
    writeTimeoutMs: limits.streamWriteTimeoutMs,
    stopping: { signal: caller.stopping, requestId, toEvent: (error) => ({ event: "error", data: openAiError(error) }) },
  });
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
