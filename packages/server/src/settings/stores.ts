/** Settings of what keeps data: PostgreSQL, Redis and Chroma, and how long they keep what is not for ever. */
import { integer, optional, optionalUrl, type Setting } from "./kinds.ts";
import { CACHE_SIMILAR } from "./shared.ts";

export const STORE_SETTINGS = {
  DATABASE_URL: optional(
    "A PostgreSQL to use instead of the embedded one, as `postgres://user:password@host:5432/database`.",
    "embedded PostgreSQL in `DATA_DIR`",
    true,
  ),
  DATABASE_CONNECTIONS: integer("Connections to PostgreSQL at most, apart from one that asks whether it is alive.", 8, 1, 100),
  DATABASE_TIMEOUT_MS: integer("Deadline of one database call, in milliseconds.", 10_000, 100, 600_000),
  DATABASE_SILENCE_MS: integer(
    "How long a PostgreSQL of your own may say nothing at all while somebody waits for it, in milliseconds; then everybody is refused at once until it answers. A database far away wants more.",
    800,
    200,
    600_000,
  ),
  CHANGES_POLL_MS: integer(
    "How often the changes of other servers over the same `DATABASE_URL` are looked for, in milliseconds; they are heard of at once besides, unless a pool in between keeps that back.",
    1_000,
    100,
    60_000,
  ),
  REDIS_URL: optional(
    "A Redis for sessions, cached answers and the shared budgets of the model and of API keys, as `redis://user:password@host:6379`.",
    "none: sessions in PostgreSQL, answers cached in this process",
    true,
  ),
  REDIS_CACHE_URL: optional(
    "A Redis, or another database of the same one (`redis://host:6379/1`), for the cached answers alone, so that emptying it takes nothing else along.",
    "that of `REDIS_URL`",
    true,
  ),
  WORKER_FILES: integer("Files that one worker (`rag worker`) has in hand at a time.", 2, 1, 64),
  REDIS_TIMEOUT_MS: integer("Deadline of one call to Redis, in milliseconds.", 200, 10, 60_000),
  CHROMA_URL: optionalUrl("A Chroma server (1.x) for the vectors, as `http://host:8000`.", "none: vectors in this process"),
  CHROMA_TIMEOUT_MS: integer("Deadline of one call to Chroma, in milliseconds.", 2_000, 50, 60_000),
  CHROMA_QUERY_TIMEOUT_MS: integer("Deadline of one search in Chroma, which a question waits for, in milliseconds.", 500, 10, 60_000),
  CHROMA_AUTH_TOKEN: optional("Token that Chroma, or a proxy in front of it, wants as `x-chroma-token`.", "none", true),
  SESSION_TTL_DAYS: integer("Days after its last turn that Redis keeps a session.", 30, 1, 3_650),
  CACHE_TTL_DAYS: integer("Days that Redis keeps a cached answer.", 7, 1, 3_650),
  CACHE_SIMILAR,
  EXPECTED_REPLICAS: integer("Servers that share the budgets, reckoned with while Redis is away.", 1, 1, 1_000),
} as const satisfies Record<string, Setting<unknown>>;
