/** An answer as a completion, whole and in chunks. */
import { estimateTextTokens, estimateTokens } from "@rag-personal/core";
import type { WireConversationAnswer } from "../api/answer.ts";
import type { AnswerText } from "./answer-text.ts";
import { type ChatRequest, withoutEffect } from "./chat-request.ts";
import { textsOf } from "./messages.ts";

/** What all chunks of one completion have in common. */
export interface CompletionHead {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
}

type FinishReason = "stop" | "length";

export const finishReasonOf = ({ isCut }: Pick<AnswerText, "isCut">): FinishReason => (isCut ? "length" : "stop");

/** All that `POST /chat` tells beside the text, spelt as there, and what of the request changed nothing. */
export function extensionOf({ answer: _, ...rest }: WireConversationAnswer, request: ChatRequest) {
  return { ...rest, withoutEffect: withoutEffect(request) };
}

/**
 * Estimated from the texts that were sent and received. What a model behind the server was given and wrote, if one was asked at all, is
 * another matter, and not told.
 */
export function usageOf(request: ChatRequest, text: string) {
  const prompt = estimateTokens(textsOf(request.messages), 0);
  const completion = estimateTextTokens(text);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, estimated: true };
}

export function completion(head: CompletionHead, request: ChatRequest, answer: WireConversationAnswer, { text, isCut }: AnswerText) {
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content: text, refusal: null }, logprobs: null, finish_reason: finishReasonOf({ isCut }) }],
    usage: usageOf(request, text),
    rag: extensionOf(answer, request),
  };
}

export interface ChunkParts {
  readonly delta?: { readonly role?: "assistant"; readonly content?: string };
  readonly finishReason?: FinishReason;
}

/** @param usage null where the request wants it at the end, undefined where it does not. */
export function completionChunk(head: CompletionHead, { delta = {}, finishReason }: ChunkParts, usage: null | undefined) {
  return {
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason ?? null }],
    ...(usage === undefined ? {} : { usage }),
  };
}
