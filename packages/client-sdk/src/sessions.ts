/** Conversations: those of the credential, and nobody else's. */
import type { ResponsePromise } from "./http/response-promise.ts";
import { array, boolean, nullable, number, object, type Shape, string } from "./http/shape.ts";
import type { CallOptions } from "./options.ts";
import { type Calls, noResult, only } from "./trpc/calls.ts";

/** A conversation in short. Times are ISO 8601 in UTC. */
export interface SessionSummary {
  readonly id: string;
  readonly turnCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastQuestion: string | null;
}

/** One question and its answer. */
export interface Turn {
  readonly question: string;
  /** What was searched for: the question, with what it refers to written out. */
  readonly standaloneQuestion: string;
  readonly answer: string;
  readonly answerable: boolean;
  readonly citedTitles: readonly string[];
  readonly at: string;
}

/** A conversation. */
export interface Session {
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Oldest first. */
  readonly turns: readonly Turn[];
}

/** Looks at conversations and removes them. */
export interface Sessions {
  /**
   * The conversations, latest first.
   *
   * @param filter `limit`: at most so many, 1 to 1,000. Default 100.
   *
   * @example
   * ```ts
   * for (const { id, lastQuestion } of await client.sessions.list({ limit: 20 })) console.log(id, lastQuestion);
   * ```
   */
  list(filter?: { readonly limit?: number | undefined }, options?: CallOptions): ResponsePromise<readonly SessionSummary[]>;
  /**
   * One conversation with its turns.
   *
   * @throws NotFoundError when there is none, or it is somebody else's.
   *
   * @example
   * ```ts
   * const { sessionId } = await client.chat.ask("How long is the warranty?");
   * const { turns } = await client.sessions.get(sessionId);
   * console.log(turns[0]?.question);
   * ```
   */
  get(id: string, options?: CallOptions): ResponsePromise<Session>;
  /**
   * Removes a conversation. It is repeated after any failure that may pass: a NotFoundError can then mean that an attempt whose answer
   * was lost has removed it.
   *
   * @throws NotFoundError when there is none, or it is somebody else's.
   *
   * @example
   * ```ts
   * const { sessionId } = await client.chat.ask("How long is the warranty?");
   * await client.sessions.delete(sessionId);
   * ```
   */
  delete(id: string, options?: CallOptions): ResponsePromise<void>;
}

const summary: Shape<SessionSummary> = object<SessionSummary>({
  id: string,
  turnCount: number,
  createdAt: string,
  updatedAt: string,
  lastQuestion: nullable(string),
});

const turn: Shape<Turn> = object<Turn>({
  question: string,
  standaloneQuestion: string,
  answer: string,
  answerable: boolean,
  citedTitles: array(string),
  at: string,
});

const session: Shape<Session> = object<Session>({ id: string, createdAt: string, updatedAt: string, turns: array(turn) });

/** @internal */
export const createSessions = (calls: Calls): Sessions => ({
  list: ({ limit } = {}, options = {}) =>
    calls.call({ repetition: "harmless", shape: array(summary) }, options, (trpc, given) =>
      only("sessions", trpc.sessions.list.query({ limit }, given)),
    ),
  get: (id, options = {}) => calls.call({ repetition: "harmless", shape: session }, options, (trpc, given) => trpc.sessions.get.query({ id }, given)),
  delete: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: noResult }, options, (trpc, given) => trpc.sessions.delete.mutate({ id }, given)),
});
