/** The states of a connection to Redis, and how they are logged. */
import type { Clock, Timers } from "@rag-personal/core";
import { createStateLog, type StateLog } from "../../state-log.ts";

/**
 * - `ready`: commands are carried out;
 * - `unwritable`: reads are; a write was refused lately, because this is a replica, memory is full or the disk fails;
 * - `loading`: Redis reads its data from disk;
 * - `denied`: it does not accept our credentials or rights;
 * - `away`: it cannot be reached, or does not answer;
 * - `closed`: by us.
 */
export type RedisState = "ready" | "unwritable" | "loading" | "denied" | "away" | "closed";

/** What of a logger is used; a pino logger is one. */
export interface RedisLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A connection that flaps writes one line in so many milliseconds. */
const QUIET_MS = 5_000;

const LINES: Readonly<Record<RedisState, { readonly level: keyof RedisLog; readonly message: string }>> = {
  ready: { level: "info", message: "Redis is ready" },
  unwritable: { level: "error", message: "Redis refuses writes" },
  loading: { level: "info", message: "Redis is loading its data; waiting for it" },
  denied: { level: "error", message: "REDIS DENIES ACCESS: check user, password and rights in REDIS_URL" },
  away: { level: "warn", message: "Redis is away" },
  closed: { level: "info", message: "Redis is disconnected" },
};

export function createRedisStateLog(options: {
  readonly log: RedisLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
}): StateLog<RedisState> {
  const { log, clock, timers } = options;
  return createStateLog<RedisState>({
    clock,
    timers,
    quietMs: QUIET_MS,
    isUrgent: (state) => LINES[state].level === "error",
    write: (state, reason, changes) => log[LINES[state].level]({ state, reason, changes }, LINES[state].message),
  });
}
