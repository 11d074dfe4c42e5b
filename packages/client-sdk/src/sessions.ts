/** Conversations: those of the credential, and nobody else's. */
import type { ResponsePromise } from "./http/response-promise.ts";
import { array, boolean, nullable, number, object, type Shape, string } from "./http/shape.ts";
import type { CallOptions } from "./options.ts";
import { createPagedList, type PagedList } from "./paged-list.ts";
import { type Calls, noResult } from "./trpc/calls.ts";

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

/** A part of a list. */
export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  /** For the next part; null at the end. */
  readonly nextCursor: string | null;
}

/** Conversations, page by page as they are read. */
export type SessionList = PagedList<SessionSummary, SessionPage>;

/** Which conversations to list. */
export interface SessionFilter {
  /** Conversations in one page, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** `nextCursor` of an earlier page, to go on behind it. */
  readonly cursor?: string | undefined;
}

/** Looks at conversations and removes them. */
export interface Sessions {
  /**
   * Lists the conversations, the most recently used first. One that is used meanwhile moves to the front, where a list that is past it
   * does not look again; none is listed twice. Nothing is sent until it is read; `options` hold for each page.
   *
   * @throws when it is read: what {@link Chat.ask} throws.
   *
   * @example
   * ```ts
   * for await (const { id, lastQuestion } of client.sessions.list()) console.log(id, lastQuestion);
   * ```
   */
  list(filter?: SessionFilter, options?: CallOptions): SessionList;
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

const sessionPage: Shape<SessionPage> = object({ sessions: array(summary), nextCursor: nullable(string) });

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
  list: ({ limit, cursor: first } = {}, options = {}) =>
    createPagedList(
      (cursor) =>
        calls.call({ repetition: "harmless", shape: sessionPage }, options, (trpc, given) => trpc.sessions.list.query({ limit, cursor }, given)),
      ({ sessions }) => sessions,
      first,
    ),
  get: (id, options = {}) => calls.call({ repetition: "harmless", shape: session }, options, (trpc, given) => trpc.sessions.get.query({ id }, given)),
  delete: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: noResult }, options, (trpc, given) => trpc.sessions.delete.mutate({ id }, given)),
});
