/** What an error of Redis or of its driver means for us. */
import { RagError } from "@rag-personal/core";

/**
 * - `loading`: Redis reads its data from disk and will answer soon;
 * - `denied`: name, password or rights are wrong, which nobody but an operator can heal;
 * - `unwritable`: it answers, but takes no writes: a replica, full memory, a disk that fails;
 * - `away`: everything else that may pass;
 * - `mistake`: a fault of ours, which no waiting heals.
 */
export type RedisFailure = "loading" | "denied" | "unwritable" | "away" | "mistake";

const FAILURES: Readonly<Record<string, RedisFailure>> = {
  LOADING: "loading",
  NOAUTH: "denied",
  WRONGPASS: "denied",
  NOPERM: "denied",
  READONLY: "unwritable",
  OOM: "unwritable",
  MISCONF: "unwritable",
  NOREPLICAS: "unwritable",
  BUSY: "away",
  MASTERDOWN: "away",
  CLUSTERDOWN: "away",
  TRYAGAIN: "away",
  UNKILLABLE: "away",
};

/** The code with which Redis begins an error, also of a command within a script as Redis 6 reports it. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? /^(?:ERR Error running script .*?-)?([A-Z]+)\b/.exec(error.message)?.[1] : undefined;
}

export function classify(error: unknown): RedisFailure {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return "mistake";
  // What the driver reports by itself, connections lost and commands given up, has no code of Redis.
  const isReply = error instanceof Error && error.name === "ReplyError";
  if (!isReply) return "away";
  return FAILURES[codeOf(error) ?? ""] ?? "mistake";
}

const MESSAGES: Readonly<Record<Exclude<RedisFailure, "mistake">, string>> = {
  loading: "Redis is loading its data.",
  denied: "Redis refuses the credentials of this server.",
  unwritable: "Redis takes no writes at the moment.",
  away: "Redis cannot be reached.",
};

/** An error that says no more than that the store is away; the cause is for the log. */
export function redisUnavailable(failure: Exclude<RedisFailure, "mistake">, cause?: unknown): RagError {
  return new RagError("store_unavailable", MESSAGES[failure], {
    retryAfterSeconds: 1,
    ...(cause === undefined ? {} : { cause: withoutArguments(cause) }),
  });
}

/** The driver hangs the command on its error, with its arguments: passwords and what people asked, which must not reach a log. */
export function withoutArguments(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}
