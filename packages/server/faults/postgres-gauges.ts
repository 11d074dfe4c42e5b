/** What a server shows of its PostgreSQL, and what stands in it. */
import postgres from "postgres";
import type { StoredFeedback } from "./checker.ts";
import type { Observer } from "./observer.ts";
import type { RequestKind } from "./record.ts";

/** A setting of the rows about PostgreSQL, in milliseconds: the deadline of one call. The program's default is ten times as long. */
export const DATABASE_TIMEOUT_MS = 1_000;
/** So much longer the program waits to hear from the server that it gave up. */
const SERVER_WORD_MS = 100;
/** A question makes three calls one after the other: session, documents, session. */
const CHAT_DEADLINE_MS = 3 * (DATABASE_TIMEOUT_MS + SERVER_WORD_MS);
const FEEDBACK_DEADLINE_MS = 2_000;

/** What must hold while PostgreSQL is away: everything but a session that this server never had in memory. */
export const PROMISED_WITHOUT_POSTGRES = {
  answered: new Set<RequestKind>(["chat", "chat, cached", "chat, streamed", "search", "feedback", "health"]),
  deadlineMs: (kind: RequestKind): number => (kind.startsWith("chat") ? CHAT_DEADLINE_MS : FEEDBACK_DEADLINE_MS),
};

/** Feedback waits on disk, or sessions go on in memory. */
export async function isPostgresAway(observer: Observer): Promise<boolean> {
  return ((await observer.metric("rag_feedback_waiting")) ?? 0) > 0 || (await observer.metric("rag_session_fallback_active")) === 1;
}

/** All feedback that waited has been handed over, and all sessions have moved back. */
export async function isPostgresBack(observer: Observer): Promise<boolean> {
  return (await observer.metric("rag_feedback_waiting")) === 0 && (await observer.metric("rag_session_fallback_active")) === 0;
}

/** Reads the feedback past the program, on a connection of its own. */
export async function readFeedback(url: string): Promise<readonly StoredFeedback[]> {
  const sql = postgres(url, { max: 1, connect_timeout: 10 });
  try {
    return await sql<StoredFeedback[]>`select id, comment from feedback`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
