/** `POST /v1/chat/completions`: a cited answer to the last message, whole or streamed. */
import { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import type { WireConversationAnswer, WireConversationEvent } from "../api/answer.ts";
import type { Api } from "../api/api.ts";
import type { RequestCaller } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { readJsonValue } from "../http/read-body.ts";
import { serverIsStopping } from "../http/stopping.ts";
import type { AppServices } from "../services.ts";
import { createAnswerText } from "./answer-text.ts";
import { chatRequest } from "./chat-request.ts";
import { chatStreamResponse } from "./chat-stream.ts";
import { completion } from "./completion.ts";
import { parseRequest } from "./error-shape.ts";
import { toConversation } from "./messages.ts";
import { requireChatModel } from "./models.ts";

export async function completeChat(
  c: Context<HttpEnvironment>,
  caller: RequestCaller,
  { conversation }: Pick<Api, "conversation">,
  services: Pick<AppServices, "limits" | "log" | "now">,
): Promise<Response> {
  const request = parseRequest(chatRequest, await readJsonValue(c, services.limits));
  const model = requireChatModel(request.model);
  const input = conversation.stream.input.safeParse({ ...toConversation(request.messages), filters: request.rag?.filters ?? undefined });
  if (!input.success) throw wrongQuestion(input.error.issues[0]?.message);
  const options = {
    head: { id: `chatcmpl-${caller.requestId}`, created: Math.floor(services.now() / 1_000), model },
    request,
    footnotes: request.rag?.footnotes ?? model === "rag-footnotes",
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
  };
  const events = conversation.stream.run(input.data, caller);
  if (request.stream === true) return await chatStreamResponse(services, caller, events, options);
  const { answer, sources } = await collect(events, caller);
  const text = createAnswerText({ ...options, sources });
  text.push(answer.answer);
  text.end(answer);
  return c.body(JSON.stringify(completion(options.head, request, answer, text)), 200, { "content-type": "application/json" });
}

async function collect(
  events: AsyncIterable<WireConversationEvent>,
  { stopping }: Pick<RequestCaller, "stopping">,
): Promise<{ readonly answer: WireConversationAnswer; readonly sources: number }> {
  let sources = 0;
  try {
    for await (const event of events) {
      if (event.type === "sources") sources = event.sources.length;
      if (event.type === "done") return { answer: event.answer, sources };
    }
  } catch (thrown) {
    throw stopping?.aborted === true ? serverIsStopping() : thrown;
  }
  throw new RagError("internal", "The answer ended before it was complete.");
}

function wrongQuestion(message = "is not valid"): RagError {
  return new RagError("invalid_request", `messages: the question ${message}`, { issues: [{ path: "messages", message }] });
}
