/** A chat model behind any API that speaks OpenAI's chat completions as server-sent events. */
import type { ChatModel } from "@rag-personal/core";
import { bearerToken } from "../../language-model/bearer-token.ts";
import { type ChatModelSettings, createStreamingChatModel } from "../../language-model/streaming-chat-model.ts";

/** Options of {@link createOpenAiCompatibleChatModel}; durations in milliseconds. */
export interface OpenAiCompatibleChatModelOptions extends ChatModelSettings {
  /** Address up to and without `/chat/completions`, such as `https://llm.example/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token; some local servers want none. */
  readonly apiKey?: string | undefined;
  /** Asks the server for the tokens that each call took. Some servers refuse a request with a field that they do not know. Default: false. */
  readonly asksForUsage?: boolean;
}

/**
 * Creates a model with the behaviour of {@link createStreamingChatModel}.
 *
 * @throws TypeError for a key that no header can carry.
 * @example
 * const model = createOpenAiCompatibleChatModel({ baseUrl, apiKey, model: "llama-3.3-70b-versatile", fetch, timers, now: Date.now,
 *   firstByteTimeoutMs: 15_000, idleTimeoutMs: 10_000, totalTimeoutMs: 60_000 });
 * for await (const piece of model.stream([{ role: "user", content: "Hello" }], { signal, maxTokens: 64 })) process.stdout.write(piece);
 */
export function createOpenAiCompatibleChatModel(options: OpenAiCompatibleChatModelOptions): ChatModel {
  const url = `${options.baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const headers = {
    "content-type": "application/json",
    accept: "text/event-stream",
    ...(options.apiKey === undefined ? {} : { authorization: bearerToken(options.apiKey) }),
  };
  const extras = options.asksForUsage === true ? { stream_options: { include_usage: true } } : {};

  return createStreamingChatModel(options, ({ model, messages, maxTokens, temperature, signal }) =>
    options.fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify({ model, messages, stream: true, max_tokens: maxTokens, temperature, ...extras }),
      // A redirect would carry the key and the documents to an address nobody configured.
      redirect: "error",
      signal,
    }),
  );
}
