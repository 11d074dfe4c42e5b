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

/** What a connection is for, by the setting that leads to it. */
export type RedisSetting = "REDIS_URL" | "REDIS_CACHE_URL";

type Line = { readonly level: keyof RedisLog; readonly message: string };

function linesOf(setting: RedisSetting): Readonly<Record<RedisState, Line>> {
  const name = setting === "REDIS_URL" ? "Redis" : "Redis (cached answers)";
  return {
    ready: { level: "info", message: `${name} is ready` },
    unwritable: { level: "error", message: `${name} refuses writes` },
    loading: { level: "info", message: `${name} is loading its data; waiting for it` },
    denied: { level: "error", message: `REDIS DENIES ACCESS: check user, password and rights in ${setting}` },
    away: { level: "warn", message: `${name} is away` },
    closed: { level: "info", message: `${name} is disconnected` },
  };
}

export function createRedisStateLog(options: {
  readonly log: RedisLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly setting: RedisSetting;
}): StateLog<RedisState> {
  const { log, clock, timers } = options;
  const lines = linesOf(options.setting);
  return createStateLog<RedisState>({
    clock,
    timers,
    quietMs: QUIET_MS,
    isUrgent: (state) => lines[state].level === "error",
    write: (state, reason, changes) => log[lines[state].level]({ state, reason, changes }, lines[state].message),
  });
}
