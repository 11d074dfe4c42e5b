/** What a server shows of its PostgreSQL, and what stands in it. */
import postgres from "postgres";
import type { StoredFeedback } from "./checker.ts";
import type { Observer } from "./observer.ts";
import type { RequestKind } from "./record.ts";

/** The program's default: after so many milliseconds of silence everybody is refused at once. */
export const DATABASE_SILENCE_MS = 800;
/** A question waits through the silence once, whichever of its three calls meets it; the rest is for the question itself. */
const CHAT_DEADLINE_MS = DATABASE_SILENCE_MS + 200;
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

/** It is known to give no answer. */
export const isPostgresSilent = async (observer: Observer): Promise<boolean> => (await observer.metric("rag_postgres_silent")) === 1;

/** All feedback that waited has been handed over, and all sessions have moved back. */
export async function isPostgresBack(observer: Observer): Promise<boolean> {
  const gauges = ["rag_postgres_silent", "rag_feedback_waiting", "rag_session_fallback_active"];
  return (await Promise.all(gauges.map((gauge) => observer.metric(gauge)))).every((value) => value === 0);
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
