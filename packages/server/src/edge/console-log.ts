/** A log of JSON lines on the console, which is all that a worker has. */
import type { Log } from "../log.ts";

const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
type Level = (typeof LEVELS)[number];

/** @param level the least severe that is written. */
export function createConsoleLog(level: Level, write: Pick<Console, "log" | "warn" | "error"> = console, fixed: object = {}): Log {
  const least = LEVELS.indexOf(level);
  const line =
    (severity: Exclude<Level, "silent">, print: (text: string) => void) =>
    (fields: object, message: string): void => {
      if (LEVELS.indexOf(severity) < least) return;
      print(JSON.stringify({ level: severity, time: new Date().toISOString(), ...fixed, ...inWords(fields), msg: message }));
    };
  return {
    debug: line("debug", (text) => write.log(text)),
    info: line("info", (text) => write.log(text)),
    warn: line("warn", (text) => write.warn(text)),
    error: line("error", (text) => write.error(text)),
    // Lines carry what this program puts into them: no header, no body, no setting.
    child: (fields) => createConsoleLog(level, write, { ...fixed, ...fields }),
  };
}

function inWords(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]));
}

function describeError({ name, message, stack, cause }: Error): object {
  return { type: name, message, stack, ...(cause instanceof Error && { cause: describeError(cause) }) };
}
