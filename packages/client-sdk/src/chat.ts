/** Questions and answers. */
import type { ResponsePromise } from "./http/response-promise.ts";
import type { Answer, ChatRequest } from "./model.ts";
import { type CallOptions, type ClientSettings, resolveStreamOptions, type StreamOptions } from "./options.ts";
import { type AnswerStream, createAnswerStream } from "./streaming/answer-stream.ts";
import type { Calls } from "./trpc/calls.ts";
import { answerEvent, answerShape } from "./wire.ts";

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
  ask(question: string | ChatRequest, options?: CallOptions): ResponsePromise<Answer>;
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

const inputOf = (question: string | ChatRequest): ChatRequest => {
  const { question: text, sessionId, filters } = typeof question === "string" ? { question } : question;
  return { question: text, sessionId, filters };
};

/** @internal */
export function createChat(settings: ClientSettings, calls: Calls): Chat {
  return {
    ask: (question, options = {}) =>
      calls.call({ repetition: "once", shape: answerShape }, options, (trpc, given) => trpc.chat.ask.mutate(inputOf(question), given)),

    stream(question, options = {}) {
      const call = resolveStreamOptions(options, settings);
      return createAnswerStream(
        (cancellation) =>
          calls.stream({ repetition: "once", shape: answerEvent }, call, cancellation, (trpc, given) =>
            trpc.chat.stream.subscribe(inputOf(question), given),
          ),
        { time: settings.time, call },
      );
    },
  };
}
