/** The states of a connection to Chroma, and how they are logged. */
import type { Clock, Timers } from "@rag-personal/core";
import { createStateLog, type StateLog } from "../../state-log.ts";

/**
 * - `connecting`: it has not been asked yet whether it is there;
 * - `ready`: calls are carried out;
 * - `away`: it cannot be reached, does not answer in time, or is not Chroma;
 * - `denied`: it does not accept our token;
 * - `unsupported`: its version is one that this program was not made for;
 * - `closed`: by us.
 */
export type ChromaState = "connecting" | "ready" | "away" | "denied" | "unsupported" | "closed";

/** What of a logger is used; a pino logger is one. */
export interface ChromaLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A connection that flaps writes one line in so many milliseconds. */
const QUIET_MS = 5_000;

const LINES: Readonly<Record<ChromaState, { readonly level: keyof ChromaLog; readonly message: string }>> = {
  connecting: { level: "info", message: "Chroma is asked whether it is there" },
  ready: { level: "info", message: "Chroma is ready" },
  away: { level: "warn", message: "Chroma is away" },
  denied: { level: "error", message: "CHROMA DENIES ACCESS: check CHROMA_AUTH_TOKEN" },
  unsupported: { level: "error", message: "CHROMA IS NOT A SUPPORTED VERSION: use 1.x" },
  closed: { level: "info", message: "Chroma is disconnected" },
};

export function createChromaStateLog(options: {
  readonly log: ChromaLog;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
}): StateLog<ChromaState> {
  const { log, clock, timers } = options;
  return createStateLog<ChromaState>({
    clock,
    timers,
    quietMs: QUIET_MS,
    isUrgent: (state) => LINES[state].level === "error",
    write: (state, reason, changes) => log[LINES[state].level]({ state, reason, changes }, LINES[state].message),
  });
}
