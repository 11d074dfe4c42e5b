/** One connection to Redis that fails at once while Redis is away, and heals by itself. */
import type { Clock, Timers } from "@rag-personal/core";
import type { Redis } from "ioredis";
import { createDriver } from "./driver.ts";
import { classify, codeOf, type RedisFailure, redisUnavailable, withoutArguments } from "./redis-errors.ts";
import { createRedisStateLog, type RedisLog, type RedisSetting, type RedisState } from "./redis-state.ts";
import { setStallProofDeadline } from "./stall-proof-deadline.ts";

/** Options of {@link connectRedis}; all durations in milliseconds. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` (TLS), with user, password and database number. */
  readonly url: string;
  /** Where the address comes from, for the log. Default: `REDIS_URL`. */
  readonly setting?: RedisSetting;
  readonly log: RedisLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  /** 0..1, for the delays between attempts to connect. */
  readonly random: () => number;
  /** Deadline of one call, stalls of this process aside. Default 200. */
  readonly commandTimeoutMs?: number;
  /** Deadline of connecting. Default 1,000. */
  readonly connectTimeoutMs?: number;
  /** How often an idle connection is tried, so that a loss is noticed before a caller suffers it. Default 1,000. */
  readonly heartbeatMs?: number;
}

export interface RedisConnection {
  state(): RedisState;
  /**
   * Runs commands within the deadline. After it, whatever was sent may still be carried out: "no answer" is not "no".
   *
   * @throws RagError `store_unavailable`, at once unless connected and ready; the driver's error when a command is wrong.
   */
  read<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
  /** The same for commands that change something; their success or refusal shows in {@link state}. */
  write<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
  /** Asks for the version, such as `Redis 7.0.15`. @throws RagError `store_unavailable`, also when writes are refused. */
  ping(): Promise<string>;
  /** Called each time the connection becomes ready. @returns a function that ends this. */
  onReady(listener: () => void): () => void;
  /** Called each time a ready connection is lost. @returns a function that ends this. */
  onAway(listener: () => void): () => void;
  /** Calls under way; calls without an answer in time and connections made since the start. */
  stats(): { readonly inFlight: number; readonly timeouts: number; readonly connects: number };
  /** Refuses new calls, waits for those under way `timeoutMs` milliseconds at most (default 1,000), and disconnects. */
  close(timeoutMs?: number): Promise<void>;
}

const LOADING_RETRY_MS = 100;
/** How long a refused write shows in the state when nothing is written meanwhile. */
const REFUSAL_SHOWS_MS = 10_000;
/** A replica may have taken the place of its primary under the same name, which only a new connection finds out. */
const READONLY_RECONNECT_MS = 1_000;

/**
 * Begins to connect and returns at once, whether or not there is a Redis.
 *
 * A call that gets no answer in time costs the connection: the answers that may still come belong to calls that were given
 * up, and the next callers must not wait behind them.
 *
 * @throws TypeError for an address that cannot be one.
 * @example
 * const redis = connectRedis({ url: "redis://127.0.0.1:6379", log, clock, timers, random: Math.random });
 */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { log, clock, timers } = options;
  const commandTimeoutMs = options.commandTimeoutMs ?? 200;
  const connectTimeoutMs = options.connectTimeoutMs ?? 1_000;
  const heartbeatMs = options.heartbeatMs ?? 1_000;
  const redis = createDriver({
    url: options.url,
    connectTimeoutMs,
    handshakeTimeoutMs: Math.max(connectTimeoutMs, 2 * commandTimeoutMs),
    random: options.random,
  });
  const readyListeners = new Set<() => void>();
  const awayListeners = new Set<() => void>();
  const underWay = new Set<Promise<unknown>>();
  let phase: Exclude<RedisState, "unwritable"> = "away";
  let refusal: { readonly state: "unwritable" | "denied"; readonly at: number } | undefined;
  let reconnectedForReadonlyAt = Number.NEGATIVE_INFINITY;
  let timeouts = 0;
  let gathering: Redis["stream"] | undefined;
  /** Counts the connections made; a failure on an earlier one says nothing about the present one. */
  let connection = 0;
  /** The last one that we ended ourselves. */
  let dropped = 0;
  let cancelProbe: (() => void) | undefined;

  const stateLog = createRedisStateLog({ log, clock, timers, setting: options.setting ?? "REDIS_URL" });

  function state(): RedisState {
    if (phase !== "ready" || refusal === undefined || clock.monotonic() - refusal.at >= REFUSAL_SHOWS_MS) return phase;
    return refusal.state;
  }

  function become(next: typeof phase, reason?: string): void {
    if (phase === "closed") return;
    const previous = phase;
    phase = next;
    stateLog.observe(state(), reason);
    if (previous === next) return;
    if (previous === "ready") {
      cancelProbe?.();
      for (const listener of awayListeners) listener();
    }
    if (next === "ready") for (const listener of readyListeners) listener();
  }

  function reconnect(): void {
    if (dropped === connection) return;
    dropped = connection;
    redis.disconnect(true);
  }

  function drop(of: number, reason: string): void {
    if (of !== connection || phase === "closed") return;
    become("away", reason);
    reconnect();
  }

  function probeAfter(delayMs: number): void {
    cancelProbe?.();
    cancelProbe = timers.set(delayMs, () => void probe());
  }

  async function probe(): Promise<void> {
    const probed = connection;
    try {
      await withDeadline(redis.ping(), probed);
    } catch (error) {
      if (probed !== connection || phase === "closed") return;
      const failure = noteFailure(error, probed);
      if (failure === "loading") probeAfter(LOADING_RETRY_MS);
      // Without the right to ping it has answered nevertheless; the same goes for anything else but silence.
      if (failure === "loading" || failure === "away") return;
    }
    if (probed !== connection || phase === "closed") return;
    probeAfter(heartbeatMs);
    become("ready");
  }

  function noteFailure(error: unknown, of: number): RedisFailure {
    const failure = classify(error);
    if (of !== connection || phase === "closed") return failure;
    const reason = error instanceof Error ? error.message : String(error);
    if (failure === "loading") {
      become("loading", reason);
      probeAfter(LOADING_RETRY_MS);
    } else if (failure === "unwritable" || failure === "denied") {
      refusal = { state: failure, at: clock.monotonic() };
      stateLog.observe(state(), reason);
      if (codeOf(error) === "READONLY" && clock.monotonic() - reconnectedForReadonlyAt >= READONLY_RECONNECT_MS) {
        reconnectedForReadonlyAt = clock.monotonic();
        reconnect();
      }
    }
    return failure;
  }

  async function withDeadline<T>(answer: Promise<T>, of: number): Promise<T> {
    const expired = Promise.withResolvers<never>();
    let isSettled = false;
    const cancel = setStallProofDeadline(timers, commandTimeoutMs, () => {
      // An event loop that was held up runs its timers before it reads what has arrived meanwhile: let it read first.
      setImmediate(() => {
        if (isSettled) return;
        timeouts += 1;
        const reason = `no answer within ${commandTimeoutMs} ms`;
        drop(of, reason);
        expired.reject(redisUnavailable("away", new Error(reason)));
      });
    });
    try {
      return await Promise.race([expired.promise, answer]);
    } finally {
      isSettled = true;
      cancel();
    }
  }

  /** Commands of one turn of the event loop leave in one system call: with many callers, that is what most of a call costs. */
  function gatherWrites(): void {
    const { stream } = redis;
    if (gathering === stream) return;
    gathering = stream;
    stream.cork();
    setImmediate(() => {
      gathering = undefined;
      stream.uncork();
    });
  }

  async function call<T>(run: (redis: Redis) => Promise<T>): Promise<T> {
    if (phase !== "ready") throw redisUnavailable(phase === "closed" ? "away" : phase);
    const calledOn = connection;
    gatherWrites();
    try {
      return await withDeadline(run(redis), calledOn);
    } catch (error) {
      const failure = noteFailure(error, calledOn);
      throw failure === "mistake" ? withoutArguments(error) : redisUnavailable(failure, error);
    }
  }

  async function counted<T>(result: Promise<T>): Promise<T> {
    underWay.add(result);
    try {
      return await result;
    } finally {
      underWay.delete(result);
    }
  }

  redis.on("connect", () => {
    connection += 1;
  });
  redis.on("ready", () => void probe());
  redis.on("close", () => {
    // Those who were denied stay so until they are let in, or nobody is there to deny them.
    if (phase === "ready" || phase === "loading") become("away", "the connection was closed");
  });
  redis.on("error", (error: Error) => {
    const failure = classify(error);
    if (failure === "denied" || phase !== "ready") become(failure === "denied" ? "denied" : "away", error.message);
    else drop(connection, error.message);
  });

  const read = <T>(run: (redis: Redis) => Promise<T>): Promise<T> => counted(call(run));
  return {
    state,
    read,
    async write(run) {
      const result = await counted(call(run));
      if (refusal !== undefined) {
        refusal = undefined;
        stateLog.observe(state());
      }
      return result;
    },
    async ping() {
      const current = state();
      if (current === "unwritable" || current === "denied") throw redisUnavailable(current);
      const info = await read((driver) => driver.info("server"));
      return `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? ""}`.trim();
    },
    onReady(listener) {
      readyListeners.add(listener);
      return () => void readyListeners.delete(listener);
    },
    onAway(listener) {
      awayListeners.add(listener);
      return () => void awayListeners.delete(listener);
    },
    stats: () => ({ inFlight: underWay.size, timeouts, connects: connection }),
    async close(timeoutMs = 1_000) {
      become("closed");
      cancelProbe?.();
      stateLog.stop();
      const expired = Promise.withResolvers<void>();
      const cancel = timers.set(timeoutMs, expired.resolve);
      await Promise.race([Promise.allSettled(underWay), expired.promise]);
      cancel();
      redis.disconnect();
    },
  };
}
