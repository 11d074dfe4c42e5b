/** Sessions over Redis as the program has them, for tests that talk while Redis fails. */

import type { SessionStore } from "@rag-personal/core";
import { createFallbackSessionStore, type FallbackSessionStore } from "../../core/src/sessions/fallback-session-store.ts";
import { createRedisSessionStore } from "../src/adapters/redis/session-store.ts";
import { clock, timers } from "../src/composition/time.ts";
import { type TestedConnection, untilState } from "./redis-scene.ts";

const OWNER = "ada";
const MAX_ATTEMPTS = 5;

export interface ChatsOverRedis {
  /** Redis with memory behind. */
  readonly store: FallbackSessionStore;
  /** Redis alone. */
  readonly stored: SessionStore;
  readonly logged: readonly string[];
  close(): Promise<void>;
}

/** Resolves once Redis is ready. */
export async function chatsOver(redis: TestedConnection): Promise<ChatsOverRedis> {
  const stored = createRedisSessionStore({ redis });
  const logged: string[] = [];
  const store = createFallbackSessionStore({ primary: stored, clock, timers, log: (message) => void logged.push(message) });
  const unsubscribe = redis.onReady(() => void store.retryNow());
  await untilState(redis, "ready");
  return {
    store,
    stored,
    logged,
    async close() {
      unsubscribe();
      await store.close();
    },
  };
}

/** Adds a turn as the answer pipeline does, which does not look for a session that it begins; says how many milliseconds that took. */
export async function chat(sessions: Pick<SessionStore, "load" | "save">, id: string, name: string, isNew = false): Promise<number> {
  const startedAt = performance.now();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const current = isNew ? undefined : await sessions.load(OWNER, id);
    const turn = { question: name, standaloneQuestion: name, answer: name, answerable: true, citedTitles: [], atMs: performance.now() };
    const times = { createdAtMs: 0, updatedAtMs: Math.round(turn.atMs) };
    if (await sessions.save({ id, principal: OWNER, version: (current?.version ?? 0) + 1, turns: [...(current?.turns ?? []), turn], ...times })) {
      return performance.now() - startedAt;
    }
  }
  throw new Error(`the turn ${name} of ${id} was not kept`);
}

/** What was asked in the session, in order. */
export async function questionsOf(sessions: Pick<SessionStore, "load">, id: string): Promise<string[]> {
  return (await sessions.load(OWNER, id))?.turns.map(({ question }) => question) ?? [];
}
