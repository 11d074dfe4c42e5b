/** The driver, set up so that it never queues, never resends and never waits without end. */
import { Redis } from "ioredis";

export interface DriverOptions {
  /** `redis://` or `rediss://` (TLS), with user, password and database number. */
  readonly url: string;
  /** Milliseconds until a connection must stand. */
  readonly connectTimeoutMs: number;
  /** Milliseconds after which the driver itself gives a command up: the deadline of its first words on a connection. */
  readonly handshakeTimeoutMs: number;
  /** 0..1. */
  readonly random: () => number;
}

const FIRST_DELAY_MS = 50;
/** A server that returns is found within half a second. */
const LONGEST_DELAY_MS = 500;
/** A half-open connection never acknowledges its end; it is destroyed after so many milliseconds. */
const DISCONNECT_TIMEOUT_MS = 20;

/** Milliseconds before the attempt, half of them by chance, so that many clients of one server do not return in step. */
export function reconnectDelayMs(attempt: number, random: () => number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS) * (0.5 + random() / 2);
}

/**
 * Begins to connect, and goes on trying for ever.
 *
 * @throws TypeError for an address that cannot be one. It is not repeated: it may hold a password.
 */
export function createDriver({ url, connectTimeoutMs, handshakeTimeoutMs, random }: DriverOptions): Redis {
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url))
    throw new TypeError("The address of Redis must look like redis://user:password@host:6379/0.");
  return new Redis(url, {
    connectTimeout: connectTimeoutMs,
    commandTimeout: handshakeTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // Otherwise commands whose callers were told that they failed run again on the next connection.
    autoResendUnfulfilledCommands: false,
    // The connection is asked by our own probe, which tells apart why it is not ready.
    enableReadyCheck: false,
    connectionName: "rag-personal",
    retryStrategy: (attempt) => reconnectDelayMs(attempt, random),
  });
}
