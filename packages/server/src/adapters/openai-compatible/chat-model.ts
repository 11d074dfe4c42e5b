/** A chat model behind any API that speaks OpenAI's chat completions as server-sent events. */
import {
  type ChatMessage,
  type ChatModel,
  RagError,
  type StreamTimeout,
  streamWithDeadlines,
  type Timers,
  UpstreamStatusError,
} from "@rag-personal/core";
import { createParser } from "eventsource-parser";
import { parseCompletionEvent } from "./completion-chunk.ts";
import { parseRetryAfter } from "./retry-after.ts";

/** Options of {@link createOpenAiCompatibleChatModel}; durations in milliseconds. */
export interface OpenAiCompatibleChatModelOptions {
  /** Address up to and without `/chat/completions`, such as `https://llm.example/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token; some local servers want none. */
  readonly apiKey?: string | undefined;
  readonly model: string;
  readonly fetch: typeof fetch;
  readonly timers: Timers;
  /** Until the first event of the completion; comments ("pings") do not count. */
  readonly firstByteTimeoutMs: number;
  /** Between events of the completion; comments do not count. */
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Bytes of one response at most. Default 4 MiB. */
  readonly maxResponseBytes?: number;
  /** 0 (the default) asks for the most probable wording: answers are to repeat the sources, not to vary. */
  readonly temperature?: number;
  /** Milliseconds since the epoch, to read a `Retry-After` date. */
  readonly now: () => number;
}

/** How long the end of the stream may take after the model said that it finished: only the reuse of the connection depends on it. */
const TRAILER_MS = 500;
/** Of an error response, kept for the log. */
const MAX_ERROR_BODY_BYTES = 2_048;

const FAILED = "The language model failed to answer. Try again later.";

function failure(detail: string, cause?: unknown): RagError {
  return new RagError("llm_failed", FAILED, { cause: new Error(detail, cause === undefined ? undefined : { cause }) });
}

function timeout(which: StreamTimeout): RagError {
  if (which === "reader") return new RagError("request_timeout", "The answer was read too slowly, so the language model was no longer waited for.");
  return new RagError("llm_timeout", "The language model took too long. Try again later.", { cause: new Error(`${which} time-out`) });
}

/** The data of each event of the response, refusing to go beyond `maxBytes`. Comments are no events. */
async function* eventData(body: ReadableStream<Uint8Array>, maxBytes: number): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const parsed: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => parsed.push(data) });
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    if (received > maxBytes) throw failure(`the response is larger than ${maxBytes} bytes`);
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* parsed.splice(0);
  }
}

async function errorBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  if (response.body !== null) {
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= MAX_ERROR_BODY_BYTES) break;
    }
  }
  return text.slice(0, MAX_ERROR_BODY_BYTES);
}

async function refusal(response: Response, nowMs: number): Promise<RagError> {
  const { status } = response;
  const retryAfterSeconds = parseRetryAfter(response.headers.get("retry-after"), nowMs);
  const detail = await errorBody(response).catch(() => "(its body could not be read)");
  const options = { cause: new UpstreamStatusError(status, detail), ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  // 498 is Groq's "flex tier capacity exceeded": like 429, come back later.
  if (status === 429 || status === 498) return new RagError("rate_limited", "The language model's rate limit is reached. Try again later.", options);
  return new RagError("llm_failed", FAILED, options);
}

/** The body of a response that is an event stream. @throws what its status, type or emptiness says. */
async function openEventStream(response: Response, nowMs: number): Promise<ReadableStream<Uint8Array>> {
  if (!response.ok) throw await refusal(response, nowMs);
  const contentType = response.headers.get("content-type") ?? "";
  if (response.body !== null && contentType.toLowerCase().startsWith("text/event-stream")) return response.body;
  await response.body?.cancel();
  throw failure(`the response is not an event stream but "${contentType.slice(0, 100)}"`);
}

/** What an event adds to the completion; undefined when it adds nothing. @throws when it is no event of a sound completion. */
function parseProgress(data: string): { readonly text: string; readonly isLast: boolean } | undefined {
  const event = parseCompletionEvent(data);
  if (event === undefined) throw failure(`an event of the stream is no completion: ${data.slice(0, 200)}`);
  if (event.kind === "error") throw failure(`the stream reports an error: ${event.detail}`);
  if (event.kind === "other") return undefined;
  const { text, finishReason } = event;
  if (finishReason !== undefined && finishReason !== "stop" && finishReason !== "length")
    throw failure(`the model stopped because of "${finishReason}"`);
  return { text, isLast: finishReason !== undefined };
}

/**
 * Creates a model that makes one request per call and never retries: whether to try again is decided where the
 * whole picture is, not here.
 *
 * A completion counts only when the server gave a `finish_reason` of `stop` or `length` and some text. An HTML page
 * with status 200, an empty body, `{}`, an error inside the stream or a connection cut half-way are `llm_failed`; 429
 * is `rate_limited` with the server's `Retry-After`. Aborting the signal closes the socket.
 *
 * @example
 * const model = createOpenAiCompatibleChatModel({ baseUrl, apiKey, model: "llama-3.3-70b-versatile", fetch, timers, now: Date.now,
 *   firstByteTimeoutMs: 15_000, idleTimeoutMs: 10_000, totalTimeoutMs: 60_000 });
 * for await (const piece of model.stream([{ role: "user", content: "Hello" }], { signal, maxTokens: 64 })) process.stdout.write(piece);
 */
export function createOpenAiCompatibleChatModel(options: OpenAiCompatibleChatModelOptions): ChatModel {
  const url = `${options.baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const maxResponseBytes = options.maxResponseBytes ?? 4 * 1024 * 1024;

  async function request(messages: readonly ChatMessage[], maxTokens: number, signal: AbortSignal): Promise<Response> {
    try {
      return await options.fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "text/event-stream",
          ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
        },
        body: JSON.stringify({ model: options.model, messages, stream: true, max_tokens: maxTokens, temperature: options.temperature ?? 0 }),
        // A redirect would carry the key and the documents to an address nobody configured.
        redirect: "error",
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw failure("the request could not be sent", error);
    }
  }

  /** Every event that shows progress, as its text (which may be empty); ends when the model has finished. */
  async function* completion(messages: readonly ChatMessage[], maxTokens: number, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const trailer = new AbortController();
    const body = await openEventStream(await request(messages, maxTokens, AbortSignal.any([signal, trailer.signal])), options.now());
    let isFinished = false;
    let cancelTrailer = () => {};
    try {
      for await (const data of eventData(body, maxResponseBytes)) {
        // After the end, read on to the end of the body: only then can the connection be used again.
        if (isFinished) continue;
        if (data === "[DONE]") break;
        const event = parseProgress(data);
        if (event === undefined) continue;
        yield event.text;
        isFinished = event.isLast;
        if (isFinished) cancelTrailer = options.timers.set(TRAILER_MS, () => trailer.abort());
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isFinished) throw error instanceof RagError ? error : failure("the connection broke before the model had finished", error);
    } finally {
      cancelTrailer();
    }
    if (!isFinished) throw failure("the stream ended before the model had finished");
  }

  return {
    name: options.model,
    async *stream(messages, { signal, maxTokens }) {
      const pieces = streamWithDeadlines((inner) => completion(messages, maxTokens, inner), {
        timers: options.timers,
        firstMs: options.firstByteTimeoutMs,
        idleMs: options.idleTimeoutMs,
        totalMs: options.totalTimeoutMs,
        signal,
        timeoutError: timeout,
      });
      let hasText = false;
      for await (const piece of pieces) {
        if (piece === "") continue;
        hasText = true;
        yield piece;
      }
      if (!hasText) throw failure("the model finished without a word");
    },
  };
}
