/** The log of a process, on its standard output. */
import pino, { type Logger } from "pino";

/** Secrets never reach a log line, whatever object they sit in. */
const REDACTED = ["apiKey", "password", "secretKey", "authorization", "token", "*.apiKey", "*.password", "*.secretKey", "*.authorization", "*.token"];

export function createProcessLog(level: string): Logger {
  return pino(
    { level, redact: REDACTED, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    // Nobody waits for a line: those that come while one is being written go out together, and the last ones when the process exits.
    pino.destination({ dest: process.stdout.fd, sync: false }),
  );
}
