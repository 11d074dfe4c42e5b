/** Turns the response of a subscription into its events: one stream of tRPC, read to its last event and never taken for less. */
import { ApiError } from "../errors/api-error.ts";
import { BadResponseError, IncompleteStreamError } from "../errors/client-errors.ts";
import type { Cancellation } from "../http/cancellation.ts";
import type { BodyReader } from "../http/fetch-like.ts";
import { asTrpcProblem, toApiError } from "../http/problem.ts";
import { discardBody, hasMediaType, parseJson } from "../http/response-body.ts";
import type { Accepted } from "../http/transport.ts";
import { createEventParser, type ParsedEvent } from "./event-parser.ts";

/** Far beyond any event: what never ends must not fill the memory. */
const MAX_EVENT_LENGTH = 8_388_608;

/** A stream read to its end leaves a connection that can be used again; waiting long for that would not pay. */
const END_TIMEOUT_MS = 250;

const fieldOf = (value: unknown, name: string): unknown => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined);

/** Every stream of this API ends with an event that says so. */
export const isLast = (data: unknown): boolean => fieldOf(data, "type") === "done";

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

/** Reads one stream. */
export interface EventReader {
  /** The error, when the stream begins with one: nothing was given yet, and the call can be made again as after a status. */
  refusal(): Promise<ApiError | undefined>;
  /** The events from the first on; ends only after the last one. @throws as {@link readEvents} */
  read(): AsyncGenerator<unknown, void, undefined>;
}

export function createEventReader(...given: Parameters<typeof readEvents>): EventReader {
  const events = readEvents(...given);
  let first: IteratorResult<unknown, void> | undefined;
  return {
    async refusal() {
      try {
        first = await events.next();
        return undefined;
      } catch (thrown) {
        if (thrown instanceof ApiError) return thrown;
        throw thrown;
      }
    },
    async *read() {
      try {
        if (first?.done === false) yield first.value;
        yield* events;
      } finally {
        await events.return();
      }
    },
  };
}

/**
 * Ends only after the last event.
 *
 * @throws IncompleteStreamError when the stream ends before that, BadResponseError when it is not one, ApiError for an error the
 * server tells within it, TimeoutError and AbortError as the cancellation has it.
 */
async function* readEvents(
  { response, requestId }: Accepted,
  { cancellation, idleTimeoutMs }: { readonly cancellation: Cancellation; readonly idleTimeoutMs: number },
): AsyncGenerator<unknown, void, undefined> {
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

  const incomplete = (cause?: unknown): IncompleteStreamError => new IncompleteStreamError(partialText, { cause, requestId });

  async function readPart(): Promise<Uint8Array> {
    let cause: unknown;
    try {
      const { done, value } = await cancellation.waitWithin(idleTimeoutMs, "idle", reader.read());
      if (!done && value !== undefined) return value;
    } catch (thrown) {
      if (cancellation.reason !== undefined) throw cancellation.reason;
      cause = thrown;
    }
    throw incomplete(cause);
  }

  /** @returns undefined for what carries nothing: signs of life, and kinds of events a newer server may send. */
  function dataOf({ event, data }: ParsedEvent): unknown {
    if (event === "return") throw incomplete();
    if (event !== "message" && event !== "serialized-error") return undefined;
    const value = parseJson(data);
    if (value === undefined) throw new BadResponseError("The stream has an event that is not JSON.", context);
    if (event === "message") return value;
    const problem = asTrpcProblem(value);
    if (problem === undefined) throw new BadResponseError("The stream has an error that is not one of this API.", context);
    throw toApiError(problem, { status: problem.status, requestId });
  }

  try {
    for (;;) {
      const parsedEvents = parser.push(decoder.decode(await readPart(), { stream: true }));
      if (parser.pendingLength > MAX_EVENT_LENGTH) throw new BadResponseError("The stream holds an event without end.", context);
      for (const parsed of parsedEvents) {
        const data = dataOf(parsed);
        if (data === undefined) continue;
        // It may have come while the reader was busy with the event before.
        if (cancellation.reason !== undefined) throw cancellation.reason;
        if (fieldOf(data, "type") === "delta") partialText += String(fieldOf(data, "text"));
        yield data;
        if (isLast(data)) return await readToEnd(reader, cancellation);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
