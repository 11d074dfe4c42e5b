/** Questions and answers: `POST /chat`. */
import { BadResponseError } from "./errors/client-errors.ts";
import { createCancellation } from "./http/cancellation.ts";
import { toConnectionError } from "./http/connection.ts";
import type { FetchResponse } from "./http/fetch-like.ts";
import { discardBody, hasMediaType, readText } from "./http/response-body.ts";
import type { ApiRequest, Transport } from "./http/transport.ts";
import type { Answer, ChatRequest } from "./model.ts";
import { type CallOptions, type ClientSettings, DEFAULTS, requireDuration, resolveCallOptions, type StreamOptions } from "./options.ts";
import { readAnswerEvents } from "./streaming/answer-events.ts";
import { type AnswerStream, createAnswerStream } from "./streaming/answer-stream.ts";
import { parseAnswer } from "./wire.ts";

/** An answer with all its citations is some hundred kilobytes; what is beyond this is not one. */
const MAX_ANSWER_BYTES = 16_777_216;

/** Asks questions. */
export interface Chat {
  /**
   * Asks and waits for the whole answer. It is asked again after a failure only where that cannot ask twice: when no
   * connection was made, at status 429, and at status 503 with Retry-After; never longer than the deadline.
   *
   * @param question the question alone, or with a session to go on with and filters.
   * @throws ApiError when the server says no; ConnectionError, TimeoutError, AbortError, BadResponseError when it
   * could not be asked or understood; UsageError for an option that cannot be.
   *
   * @example
   * ```ts
   * const first = await client.chat.ask("Who wrote the report?");
   * const second = await client.chat.ask({ question: "And when?", sessionId: first.sessionId });
   * ```
   */
  ask(question: string | ChatRequest, options?: CallOptions): Promise<Answer>;
  /**
   * Asks and hands out the answer as it is written. The question is sent when the stream is first read; it is sent
   * again as with {@link Chat.ask}, and never once the answer has begun.
   *
   * @throws UsageError for an option that cannot be; everything else is thrown by what reads the stream.
   *
   * @example
   * ```ts
   * const stream = client.chat.stream("Who wrote the report?");
   * for await (const event of stream) {
   *   if (event.type === "delta") console.log(event.text);
   *   if (event.type === "done") console.log(event.answer.citations);
   * }
   * ```
   */
  stream(question: string | ChatRequest, options?: StreamOptions): AnswerStream;
}

function chatRequest(question: string | ChatRequest, stream: boolean): ApiRequest {
  const { question: text, sessionId, filters } = typeof question === "string" ? { question } : question;
  return {
    method: "POST",
    path: "/chat",
    body: { question: text, sessionId, filters, stream },
    accept: stream ? "text/event-stream" : "application/json",
    repetition: "once",
  };
}

export function createChat(settings: ClientSettings, transport: Transport): Chat {
  const { time } = settings;

  function requireJson(response: FetchResponse, requestId: string | undefined): void {
    if (hasMediaType(response, /^application\/json\b/i)) return;
    const type = response.headers.get("content-type") ?? "of no type";
    discardBody(response);
    throw new BadResponseError(`The answer is ${type}, not JSON. Is baseUrl right, and does a proxy answer in between?`, {
      status: response.status,
      requestId,
    });
  }

  return {
    async ask(question, options = {}) {
      const call = resolveCallOptions(options, settings);
      const cancellation = createCancellation({ time, timeoutMs: call.timeoutMs, signal: call.signal });
      try {
        const send = { maxRetries: call.maxRetries, headers: call.headers, firstByteTimeoutMs: Number.POSITIVE_INFINITY };
        const { response, requestId } = await transport.send(chatRequest(question, false), send, cancellation);
        requireJson(response, requestId);
        const context = { status: response.status, requestId };
        let text: string | undefined;
        try {
          text = await readText(response, cancellation, { maxBytes: MAX_ANSWER_BYTES });
        } catch (thrown) {
          throw cancellation.reason ?? toConnectionError(thrown, settings.baseUrl, requestId);
        }
        if (text === undefined) throw new BadResponseError(`The answer is larger than ${MAX_ANSWER_BYTES} bytes.`, context);
        return parseAnswer(text, context);
      } finally {
        cancellation.dispose();
      }
    },

    stream(question, options = {}) {
      const call = resolveCallOptions(options, settings);
      const firstByteTimeoutMs = requireDuration("firstByteTimeoutMs", options.firstByteTimeoutMs ?? DEFAULTS.firstByteTimeoutMs);
      const idleTimeoutMs = requireDuration("idleTimeoutMs", options.idleTimeoutMs ?? DEFAULTS.idleTimeoutMs);
      const request = chatRequest(question, true);
      return createAnswerStream(
        async function* open(cancellation) {
          const accepted = await transport.send(request, { maxRetries: call.maxRetries, headers: call.headers, firstByteTimeoutMs }, cancellation);
          yield* readAnswerEvents(accepted, { cancellation, idleTimeoutMs });
        },
        { time, call },
      );
    },
  };
}
