/** Calls of procedures: tRPC's client in front, our transport behind, and what comes checked against a shape. */
import { BadResponseError } from "../errors/client-errors.ts";
import { RagError } from "../errors/rag-error.ts";
import { type Cancellation, createCancellation } from "../http/cancellation.ts";
import { type ResponsePromise, toResponsePromise, type WithResponse } from "../http/response-promise.ts";
import type { Repetition } from "../http/retry-policy.ts";
import { matches, object, type Shape, string, type Tagged } from "../http/shape.ts";
import type { Accepted, Transport } from "../http/transport.ts";
import { type CallOptions, type CallSettings, type ClientSettings, resolveCallOptions, type StreamSettings } from "../options.ts";
import type { AppRouter } from "./app-router.ts";
import { type Call, contextOf, createTurnstile } from "./call.ts";
import { createLink } from "./link.ts";
import { createTRPCClient, type TRPCClient, TRPCClientError } from "./vendor.ts";

export type Trpc = TRPCClient<AppRouter>;

/** To be handed to a procedure of {@link Trpc} beside its input. */
export interface Given {
  readonly context: Record<string, unknown>;
}

/** How one kind of call is made and understood. */
export interface Kind<T> {
  readonly repetition: Repetition;
  readonly shape: Shape<T>;
}

/** Calls procedures of one server. */
export interface Calls {
  /**
   * @throws ApiError when the server says no; ConnectionError, TimeoutError, AbortError, BadResponseError when it could not be asked or
   * understood; UsageError for an option that cannot be.
   */
  call<T>(kind: Kind<T>, options: CallOptions, invoke: (trpc: Trpc, given: Given) => Promise<unknown>): ResponsePromise<T>;
  /**
   * The events of a stream up to its last one, read as fast as they are taken. Events of a type that is not known are passed over: a newer
   * server may send more kinds.
   *
   * @throws what {@link Calls.call} throws, and IncompleteStreamError.
   */
  stream<Event extends { readonly type: string }>(
    kind: { readonly repetition: Repetition; readonly shape: Tagged<Event> },
    settings: StreamSettings,
    cancellation: Cancellation,
    invoke: (trpc: Trpc, given: Given) => AsyncIterable<unknown>,
  ): AsyncGenerator<Event, void, undefined>;
}

/** What an error about a response tells of it. */
export interface ResponseContext {
  readonly status: number;
  readonly requestId: string | undefined;
}

const anyEvent = object({ type: string });

const responseContext = (accepted: Accepted | undefined): ResponseContext => ({
  status: accepted?.response.status ?? 0,
  requestId: accepted?.requestId,
});

/** @throws BadResponseError naming the place where the value differs. */
export function requireShape<T>(shape: Shape<T>, value: unknown, what: string, context: ResponseContext): T {
  if (matches(shape, value)) return value;
  const where = shape.mismatch(value, "") || "its root";
  throw new BadResponseError(`${what} is wrong at ${where}. Is the server older or newer than this package?`, context);
}

/** The event; undefined for one of a type that is not known. @throws BadResponseError for one that is not what its type says. */
function parseEvent<Event extends { readonly type: string }>(shape: Tagged<Event>, data: unknown, context: ResponseContext): Event | undefined {
  const { type } = requireShape(anyEvent, data, "An event of the stream", context);
  return shape.knows(type) ? requireShape(shape, data, `The stream's ${type} event`, context) : undefined;
}

/** As {@link parseEvent}; the call is over before the link learns that nobody reads any more, and gives that as the reason. */
function parseOrCancel<Event extends { readonly type: string }>(
  shape: Tagged<Event>,
  data: unknown,
  context: ResponseContext,
  cancellation: Cancellation,
): Event | undefined {
  try {
    return parseEvent(shape, data, context);
  } catch (thrown) {
    if (thrown instanceof RagError) cancellation.cancel(thrown);
    throw thrown;
  }
}

/** Of procedures that give nothing. */
export const noResult: Shape<void> = { mismatch: () => undefined };

/** One field of what a procedure gives. */
export async function only<Name extends string, T>(name: Name, result: Promise<{ readonly [Field in Name]: T }>): Promise<T | undefined> {
  // Not checked yet: an answer that is none at all must not be a TypeError.
  const value: { readonly [Field in Name]: T } | undefined | null = await result;
  return value?.[name];
}

/** What was thrown behind tRPC's client. */
const unwrap = (thrown: unknown): unknown => (thrown instanceof TRPCClientError ? (thrown.cause ?? thrown) : thrown);

export function createCalls(settings: ClientSettings, transport: Transport): Calls {
  const trpc = createTRPCClient<AppRouter>({ links: [createLink(transport, settings.baseUrl)] });
  const { time } = settings;

  const newCall = (call: CallSettings & Partial<StreamSettings>, repetition: Repetition, cancellation: Cancellation): Call => ({
    maxRetries: call.maxRetries,
    headers: call.headers,
    firstByteTimeoutMs: call.firstByteTimeoutMs ?? Number.POSITIVE_INFINITY,
    idleTimeoutMs: call.idleTimeoutMs ?? Number.POSITIVE_INFINITY,
    repetition,
    cancellation,
    turnstile: createTurnstile(),
  });

  async function run<T>({ repetition, shape }: Kind<T>, options: CallOptions, invoke: Parameters<Calls["call"]>[2]): Promise<WithResponse<T>> {
    const resolved = resolveCallOptions(options, settings);
    const cancellation = createCancellation({ time, timeoutMs: resolved.timeoutMs, signal: resolved.signal });
    try {
      const call = newCall(resolved, repetition, cancellation);
      const value = await invoke(trpc, { context: contextOf(call) });
      const context = responseContext(call.accepted);
      const data = requireShape(shape, value, "The answer", context);
      return { data, response: { ...context, headers: { get: (name) => call.accepted?.response.headers.get(name) ?? null } } };
    } catch (thrown) {
      throw unwrap(thrown);
    } finally {
      cancellation.dispose();
    }
  }

  return {
    call: (kind, options, invoke) => toResponsePromise(run(kind, options, invoke)),
    async *stream({ repetition, shape }, streamSettings, cancellation, invoke) {
      const call = newCall(streamSettings, repetition, cancellation);
      try {
        for await (const data of invoke(trpc, { context: contextOf(call) })) {
          const event = parseOrCancel(shape, data, responseContext(call.accepted), cancellation);
          if (event !== undefined) yield event;
          call.turnstile.pass();
        }
      } catch (thrown) {
        throw unwrap(thrown);
      }
    },
  };
}
