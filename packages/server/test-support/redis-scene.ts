/** Connections to Redis for a test, with what they log and how long they take. */
import { Redis } from "ioredis";
import { connectRedis, type RedisConnection, type RedisConnectionOptions } from "../src/adapters/redis/connection.ts";
import type { RedisState } from "../src/adapters/redis/redis-state.ts";
import { clock, timers } from "../src/composition/time.ts";
import { startRedisServer } from "./redis-server.ts";

export interface LoggedLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: object;
}

export interface TestedConnection extends RedisConnection {
  readonly lines: readonly LoggedLine[];
}

/** Connects with what the program itself uses for time. */
export function connectForTest(url: string, options: Partial<RedisConnectionOptions> = {}): TestedConnection {
  const lines: LoggedLine[] = [];
  const log = {
    info: (fields: object, message: string) => void lines.push({ level: "info", message, fields }),
    warn: (fields: object, message: string) => void lines.push({ level: "warn", message, fields }),
    error: (fields: object, message: string) => void lines.push({ level: "error", message, fields }),
  };
  return { ...connectRedis({ url, log, clock, timers, random: Math.random, ...options }), lines };
}

/** A Redis of its own for the tests of a file. */
export interface RedisScene {
  readonly redis: TestedConnection;
  /** A second client, which sees what really stands there. */
  readonly raw: Redis;
  /** Closes both, and ends the server. */
  remove(): Promise<void>;
}

/** Resolves once the connection is ready. */
export async function startRedisScene(options: Partial<RedisConnectionOptions> = {}): Promise<RedisScene> {
  const server = await startRedisServer();
  const redis = connectForTest(server.url, options);
  const raw = new Redis(server.url);
  await untilState(redis, "ready");
  return {
    redis,
    raw,
    async remove() {
      await redis.close();
      raw.disconnect();
      await server.remove();
    },
  };
}

/** Resolves once the connection is in the state, and fails after `timeoutMs` (default 5,000). */
export async function untilState(redis: RedisConnection, state: RedisState, timeoutMs = 5_000): Promise<void> {
  await until(() => redis.state() === state, `Redis is ${redis.state()}, not ${state}`, timeoutMs);
}

/** Resolves once the condition holds; asks again each millisecond. */
export async function until(condition: () => boolean | Promise<boolean>, message: string, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${message} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** What a call did, and how long it took. */
export async function timed<T>(call: () => Promise<T>): Promise<{ readonly result: T | undefined; readonly error: unknown; readonly ms: number }> {
  const startedAt = performance.now();
  try {
    return { result: await call(), error: undefined, ms: performance.now() - startedAt };
  } catch (error) {
    return { result: undefined, error, ms: performance.now() - startedAt };
  }
}
