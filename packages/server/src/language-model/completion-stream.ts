/** Reads one streamed chat completion from an HTTP response, to the end and not beyond. */
import type { Timers } from "@rag-personal/core";
import { createParser } from "eventsource-parser";
import { parseCompletionEvent } from "./completion-event.ts";
import { brokenAnswer, readRefusalDetail, refused } from "./model-failures.ts";

/** What {@link readCompletion} works with. */
export interface CompletionReaderOptions {
  readonly timers: Timers;
  /** Milliseconds since the epoch, to read a `Retry-After` date. */
  readonly now: () => number;
  /** Bytes of the response at most, as they are after decompression. */
  readonly maxResponseBytes: number;
  /** Called once when the model has finished; the end of the body may still be outstanding. */
  readonly onFinished: () => void;
  /** Called at most once, at the end of a completion whose tokens the server has told, prompt and completion together. */
  readonly onUsage: (tokens: number) => void;
}

/** The data of each event of the response, refusing to go beyond `maxBytes`. Comments are no events. */
async function* eventData(body: ReadableStream<Uint8Array>, maxBytes: number): AsyncGenerator<string, void, undefined> {
  // A byte damaged on the way must not become a replacement character in somebody's answer.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parsed: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => parsed.push(data) });
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    if (received > maxBytes) throw brokenAnswer(`the response is larger than ${maxBytes} bytes`);
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* parsed.splice(0);
  }
}

/** The body of a response that is an event stream. @throws what its status, type or emptiness says. */
async function openEventStream(response: Response, { timers, now }: CompletionReaderOptions): Promise<ReadableStream<Uint8Array>> {
  const { ok, status, headers, body } = response;
  if (!ok) throw refused({ status, retryAfter: headers.get("retry-after"), detail: await readRefusalDetail(response, timers) }, now());
  const contentType = headers.get("content-type") ?? "";
  if (body !== null && contentType.toLowerCase().startsWith("text/event-stream")) return body;
  await body?.cancel();
  throw brokenAnswer(`the response is not an event stream but "${contentType.slice(0, 100)}"`);
}

interface Progress {
  /** Undefined when the event adds nothing. */
  readonly text: string | undefined;
  readonly isLast: boolean;
  readonly usedTokens: number | undefined;
}

/** What an event adds to the completion. @throws when it is no event of a sound completion. */
function parseProgress(data: string): Progress {
  const event = parseCompletionEvent(data);
  if (event === undefined) throw brokenAnswer(`an event of the stream is no completion: ${data.slice(0, 200)}`);
  if (event.kind === "error") throw brokenAnswer(`the stream reports an error: ${event.detail}`);
  const { usedTokens } = event;
  if (event.kind === "other") return { text: undefined, isLast: false, usedTokens };
  const { text, finishReason } = event;
  if (finishReason !== undefined && finishReason !== "stop" && finishReason !== "length")
    throw brokenAnswer(`the model stopped because of "${finishReason}"`);
  return { text, isLast: finishReason !== undefined, usedTokens };
}

/** The tokens that an event behind the answer tells of, where nothing else counts any more. */
function findUsage(data: string): number | undefined {
  const event = parseCompletionEvent(data);
  return event === undefined || event.kind === "error" ? undefined : event.usedTokens;
}

/**
 * Yields the text of every event that shows progress, which may be empty.
 *
 * Ends normally only after a `finish_reason` of `stop` or `length`. From then on nothing that the server does can spoil
 * the answer, and the rest of the body is read only so that the connection can be used again: whoever opened the
 * response bounds that time from `onFinished` on.
 *
 * @throws RagError `llm_failed` or `rate_limited`, or what reading the body throws.
 */
export async function* readCompletion(response: Response, options: CompletionReaderOptions): AsyncGenerator<string, void, undefined> {
  const body = await openEventStream(response, options);
  let isFinished = false;
  let usedTokens: number | undefined;
  try {
    for await (const data of eventData(body, options.maxResponseBytes)) {
      if (isFinished) {
        usedTokens = findUsage(data) ?? usedTokens;
        continue;
      }
      if (data === "[DONE]") break;
      const event = parseProgress(data);
      usedTokens = event.usedTokens ?? usedTokens;
      if (event.text === undefined) continue;
      yield event.text;
      isFinished = event.isLast;
      if (isFinished) options.onFinished();
    }
  } catch (error) {
    if (!isFinished) throw error;
  }
  if (!isFinished) throw brokenAnswer("the stream ended before the model had finished");
  if (usedTokens !== undefined) options.onUsage(usedTokens);
}
