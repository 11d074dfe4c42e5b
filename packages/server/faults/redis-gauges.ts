/** What a server says of its Redis and of the sessions in it. */
import type { Observer } from "./observer.ts";
import type { RequestKind } from "./record.ts";

/** The gauge that is 1 while Redis is in that state. */
export const redisState = (state: string): string => `rag_redis_state{state="${state}"}`;

const READY = redisState("ready");

/** A setting of the rows about Redis, in milliseconds: the deadline of one call, which is also the program's default. */
export const REDIS_TIMEOUT_MS = 200;
/** A question makes four calls one after the other: cache, session, cache, session. */
const DEADLINE_MS = 4 * REDIS_TIMEOUT_MS;

/** What must hold while Redis is away: everything is answered but a session that this server never had in memory. */
export const PROMISED_WITHOUT_REDIS = {
  answered: new Set<RequestKind>(["chat", "chat, cached", "chat, streamed", "search", "feedback", "health"]),
  deadlineMs: (): number => DEADLINE_MS,
};

export const isRedisAway = async (observer: Observer): Promise<boolean> => (await observer.metric(READY)) === 0;

/** Ready again, and no session waits to move back. */
export async function isRedisBack(observer: Observer): Promise<boolean> {
  return (await observer.metric(READY)) === 1 && (await observer.metric("rag_session_fallback_active")) === 0;
}
