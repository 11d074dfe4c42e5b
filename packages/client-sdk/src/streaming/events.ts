/** Turns the response of a streamed question into the events of its answer. */
import { BadResponseError, IncompleteStreamError } from "../errors/client-errors.ts";
import type { Cancellation } from "../http/cancellation.ts";
import type { BodyReader } from "../http/fetch-like.ts";
import { discardBody, hasMediaType } from "../http/response-body.ts";
import type { Accepted } from "../http/transport.ts";
import type { AnswerEvent } from "../model.ts";
import { parseAnswerEvent } from "../wire.ts";
import { createEventParser } from "./event-parser.ts";

/** Far beyond any answer: what never ends its event must not fill the memory. */
const MAX_EVENT_LENGTH = 8_388_608;

/** A stream read to its end leaves a connection that can be used again; waiting long for that would not pay. */
const END_TIMEOUT_MS = 250;

async function readToEnd(reader: BodyReader, cancellation: Cancellation): Promise<void> {
  try {
    for (;;) {
      const part = await cancellation.waitAtMost(END_TIMEOUT_MS, reader.read());
      if (part === undefined || part.done) return;
    }
  } catch {
    // The answer is complete and handed out: nothing that happens to the connection now can change it.
  }
}

/**
 * Ends only after `done`.
 *
 * @throws IncompleteStreamError when the stream ends before `done`, BadResponseError when it is not one,
 * ApiError for an error the server tells within it, TimeoutError and AbortError as the cancellation has it.
 */
export async function* readAnswerEvents(
  { response, requestId }: Accepted,
  { cancellation, idleTimeoutMs }: { readonly cancellation: Cancellation; readonly idleTimeoutMs: number },
): AsyncGenerator<AnswerEvent, void, undefined> {
  const context = { status: response.status, requestId };
  if (response.body === null || !hasMediaType(response, /^text\/event-stream\b/i)) {
    const type = response.headers.get("content-type") ?? "of no type";
    discardBody(response);
    throw new BadResponseError(`The answer is ${type}, not an event stream. Is baseUrl right, and does a proxy answer in between?`, context);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = createEventParser();
  let partialText = "";

  async function readPart(): Promise<Uint8Array> {
    let cause: unknown;
    try {
      const { done, value } = await cancellation.waitWithin(idleTimeoutMs, "idle", reader.read());
      if (!done && value !== undefined) return value;
    } catch (thrown) {
      if (cancellation.reason !== undefined) throw cancellation.reason;
      cause = thrown;
    }
    throw new IncompleteStreamError(partialText, { cause, requestId });
  }

  try {
    for (;;) {
      const parsedEvents = parser.push(decoder.decode(await readPart(), { stream: true }));
      if (parser.pendingLength > MAX_EVENT_LENGTH) throw new BadResponseError("The stream holds an event without end.", context);
      for (const parsed of parsedEvents) {
        const event = parseAnswerEvent(parsed, context);
        if (event === undefined) continue;
        // It may have come while the reader was busy with the event before.
        if (cancellation.reason !== undefined) throw cancellation.reason;
        if (event.type === "delta") partialText += event.text;
        yield event;
        if (event.type === "done") return await readToEnd(reader, cancellation);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
