/** A chat model at Groq, asked through Groq's own SDK. */
import type { ChatModel } from "@rag-personal/core";
import { APIError, Groq } from "groq-sdk";
import { bearerToken } from "../../language-model/bearer-token.ts";
import { readRefusalDetail, refused } from "../../language-model/model-failures.ts";
import { type ChatModelSettings, createStreamingChatModel } from "../../language-model/streaming-chat-model.ts";

/** Options of {@link createGroqChatModel}; durations in milliseconds. */
export interface GroqChatModelOptions extends ChatModelSettings {
  /** Address of the API or of a proxy in front of it, with or without the `/openai/v1` at its end. Default `https://api.groq.com`. */
  readonly baseUrl?: string;
  readonly apiKey: string;
}

/** The longest delay a timer can have: the SDK's own time-out ends with the headers, so it cannot replace ours and must not cut in. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
/** What else the SDK would send tells of this machine, or comes from an environment variable that only the SDK knows. */
const SENT_HEADERS: readonly string[] = ["accept", "authorization", "content-type", "user-agent"];

/** The `fetch` the SDK is given: follows no redirect, sends few headers, and reads no more of a refusal than the log needs. */
function guardFetch({ fetch, timers }: Pick<GroqChatModelOptions, "fetch" | "timers">): typeof fetch {
  return async (url, init) => {
    const headers = new Headers(init?.headers);
    for (const name of [...headers.keys()]) if (!SENT_HEADERS.includes(name)) headers.delete(name);
    // A redirect would carry the key and the documents to an address nobody configured.
    const response = await fetch(url, { ...init, headers, redirect: "error" });
    if (response.ok) return response;
    const detail = await readRefusalDetail(response, timers);
    return new Response(detail === "" ? null : detail, { status: response.status, headers: response.headers });
  };
}

/**
 * Creates a model with the behaviour of {@link createStreamingChatModel}.
 *
 * The SDK makes the request; the response is read by the project. The SDK's own reader takes a stream that is cut off,
 * and one that is aborted, for complete, joins all bytes of an event anew with each packet, and prints what it cannot parse.
 *
 * @throws TypeError for a key that no header can carry.
 * @example
 * const model = createGroqChatModel({ apiKey, model: "llama-3.3-70b-versatile", fetch, timers, now: Date.now,
 *   firstByteTimeoutMs: 15_000, idleTimeoutMs: 10_000, totalTimeoutMs: 60_000 });
 * for await (const piece of model.stream([{ role: "user", content: "Hello" }], { signal, maxTokens: 64 })) process.stdout.write(piece);
 */
export function createGroqChatModel(options: GroqChatModelOptions): ChatModel {
  const headers = { accept: "text/event-stream", authorization: bearerToken(options.apiKey) };
  const client = new Groq({
    apiKey: options.apiKey,
    baseURL: (options.baseUrl ?? "https://api.groq.com").replace(/\/+$/, "").replace(/\/openai\/v1$/, ""),
    fetch: guardFetch(options),
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    logLevel: "off",
  });

  return createStreamingChatModel(options, async ({ model, messages, maxTokens, temperature, signal }) => {
    try {
      return await client.chat.completions
        .create({ model, messages: [...messages], stream: true, max_completion_tokens: maxTokens, temperature }, { signal, headers })
        .asResponse();
    } catch (error) {
      if (!(error instanceof APIError) || error.status === undefined) throw error;
      const { status, message } = error;
      const detail = message.slice(`${status} `.length);
      throw refused({ status, retryAfter: error.headers?.get("retry-after") ?? null, detail }, options.now());
    }
  });
}
