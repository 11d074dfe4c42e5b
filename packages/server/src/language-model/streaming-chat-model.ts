/** What every chat model behind a chat-completions API has in common: all but how the request is made. */
import { type ChatMessage, type ChatModel, type ChatStreamOptions, RagError, streamWithDeadlines, type Timers } from "@rag-personal/core";
import { readCompletion } from "./completion-stream.ts";
import { brokenAnswer, timedOut } from "./model-failures.ts";
import { wholeCharacters } from "./whole-characters.ts";

/** What an adapter and its caller agree on; durations in milliseconds. */
export interface ChatModelSettings {
  readonly model: string;
  readonly fetch: typeof fetch;
  readonly timers: Timers;
  /** Milliseconds since the epoch, to read a `Retry-After` date. */
  readonly now: () => number;
  /** Until the first event of the completion; comments ("pings") do not count. */
  readonly firstByteTimeoutMs: number;
  /** Between events of the completion; comments do not count. */
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Bytes of one response at most. Default 4 MiB. */
  readonly maxResponseBytes?: number;
  /** 0 (the default) asks for the most probable wording: answers are to repeat the sources, not to vary. */
  readonly temperature?: number;
}

/** One completion to be asked for. */
export interface CompletionRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly temperature: number;
  /** Closes the socket when it is aborted, before and after the headers have come. */
  readonly signal: AbortSignal;
}

/** Makes the request once and gives back the response, whatever its status. It sets no deadline and follows no redirect. */
export type SendCompletionRequest = (request: CompletionRequest) => Promise<Response>;

/** How long the end of the stream may take after the model said that it finished: only the reuse of the connection depends on it. */
const TRAILER_MS = 500;

/**
 * Creates a model that makes one request per call and never retries: whether to try again is decided where the
 * whole picture is, not here.
 *
 * A completion counts only when the server gave a `finish_reason` of `stop` or `length` and some text. An HTML page
 * with status 200, an empty body, `{}`, an error inside the stream or a connection cut half-way are `llm_failed`; 429
 * is `rate_limited` with the server's `Retry-After`. Aborting the signal closes the socket.
 */
export function createStreamingChatModel(settings: ChatModelSettings, send: SendCompletionRequest): ChatModel {
  const { model, timers, now } = settings;
  const temperature = settings.temperature ?? 0;
  const maxResponseBytes = settings.maxResponseBytes ?? 4 * 1024 * 1024;

  /** Every event that shows progress, as its text; ends when the model has finished. */
  async function* completion(
    messages: readonly ChatMessage[],
    { maxTokens, onUsage = () => {} }: Pick<ChatStreamOptions, "maxTokens" | "onUsage">,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, undefined> {
    const trailer = new AbortController();
    let cancelTrailer = () => {};
    const onFinished = () => {
      cancelTrailer = timers.set(TRAILER_MS, () => trailer.abort());
    };
    let step = "the request could not be sent";
    try {
      const response = await send({ model, messages, maxTokens, temperature, signal: AbortSignal.any([signal, trailer.signal]) });
      step = "the connection broke before the model had finished";
      yield* readCompletion(response, { timers, now, maxResponseBytes, onFinished, onUsage });
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof RagError ? error : brokenAnswer(step, error);
    } finally {
      cancelTrailer();
    }
  }

  return {
    name: model,
    async *stream(messages, { signal, ...wanted }) {
      const pieces = streamWithDeadlines((inner) => completion(messages, wanted, inner), {
        timers,
        firstMs: settings.firstByteTimeoutMs,
        idleMs: settings.idleTimeoutMs,
        totalMs: settings.totalTimeoutMs,
        signal,
        timeoutError: timedOut,
      });
      let hasText = false;
      for await (const piece of wholeCharacters(pieces)) {
        if (piece === "") continue;
        hasText = true;
        yield piece;
      }
      if (!hasText) throw brokenAnswer("the model finished without a word");
    },
  };
}
