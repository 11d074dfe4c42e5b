/** Connections to Chroma for a test, with what they log. */
import { type ChromaConnection, type ChromaConnectionOptions, connectChroma } from "../src/adapters/chroma/connection.ts";
import { clock, timers } from "../src/composition/time.ts";
import type { LoggedLine } from "./redis-scene.ts";

export interface TestedChroma extends ChromaConnection {
  readonly lines: readonly LoggedLine[];
}

/** Connects with what the program itself uses for time. */
export function connectForTest(url: string, options: Partial<ChromaConnectionOptions> = {}): TestedChroma {
  const lines: LoggedLine[] = [];
  const log = {
    info: (fields: object, message: string) => void lines.push({ level: "info", message, fields }),
    warn: (fields: object, message: string) => void lines.push({ level: "warn", message, fields }),
    error: (fields: object, message: string) => void lines.push({ level: "error", message, fields }),
  };
  return { ...connectChroma({ url, log, clock, timers, ...options }), lines };
}
